// SPDX-License-Identifier: Apache-2.0
//
// What every backend promises: one VM behind one interface. It knows nothing of packages, policies or leases.
import type { Duplex } from 'node:stream'
import type { Capability } from './capabilities.ts'
import type { CpuModel, CpuTopology, DeviceSpec, DriveName } from './device-spec.ts'
import type { EngineErrorCode } from './error.ts'
import type { VmState } from './lifecycle.ts'
import type { DiskGrowth } from './limits/disk-growth.ts'
import type { VmStats } from './stats/vm-stats.ts'
import type { UsbAdmission } from './usb/admission.ts'
import type { RedirFilter } from './usb/redir-filter.ts'

/** A disk reachable over NBD on a unix socket (NBD protocol, fixed newstyle). */
export interface NbdExport {
  readonly socket: string
  readonly name: string
}

/**
 * `luks-overlay`: the engine writes into a qcow2 file of its own, LUKS under `key` (32 bytes), over the read-only `base`
 * (null: a disk of its own that backs nothing). `writable-nbd`: the export takes the writes; confidentiality is its business.
 */
export type DiskStorage =
  | { readonly kind: 'luks-overlay'; readonly base: NbdExport | null; readonly file: string; readonly key: Uint8Array }
  | { readonly kind: 'writable-nbd'; readonly nbd: NbdExport }

export interface DiskSpec {
  /** `[a-z0-9-]{1,32}`, unique in the machine. */
  readonly name: string
  readonly sizeBytes: number
  readonly controller: 'ide' | 'sata' | 'scsi' | 'virtio'
  readonly storage: DiskStorage
}

/** A read-only CD in an ATAPI drive: whole sectors of 2048 bytes. The guest can neither write to it nor eject what is served. */
export interface MediumSpec {
  readonly sizeBytes: number
  readonly nbd: NbdExport
}

/** What a UEFI remembers (boot entries, keys) lies in a store of its own, made once from the template of the firmware and kept with the disks. */
export interface UefiFirmware {
  readonly kind: 'uefi'
  /** Of `uefiVariablesBytes` bytes. */
  readonly variables: DiskStorage
}

/** Complete: a backend adds nothing and leaves nothing out. */
export interface VmSpec {
  /** Shows up in process titles and messages only. */
  readonly name: string
  readonly firmware: 'bios' | UefiFirmware
  readonly chipset: 'i440fx' | 'q35'
  readonly cpus: number
  /** Absent: all that the host can give. */
  readonly cpuModel?: CpuModel | undefined
  /** Absent: one socket of as many cores. */
  readonly cpuTopology?: CpuTopology | undefined
  readonly memoryMiB: number
  /** The most computing time that the guest gets, in percent of one processor, 1 to 25600. Absent: no limit. */
  readonly processorPercent?: number | undefined
  /** First one boots. */
  readonly disks: readonly DiskSpec[]
  /** Absent: no drive. */
  readonly medium?: MediumSpec | undefined
  readonly video: 'std' | 'vmware' | 'virtio'
  /** `captured`: bytes the guest writes to its first serial port arrive as `serial` events. */
  readonly serial: 'none' | 'captured'
  /** Raw ethernet frames with a 4-byte big-endian length prefix on a unix socket that somebody else listens on. */
  readonly network: 'none' | { readonly model: 'e1000' | 'pcnet' | 'rtl8139' | 'ne2k_pci' | 'virtio'; readonly mac: string; readonly socket: string }
  readonly devices?: DeviceSpec | undefined
  /** Private folder for sockets; short, since a unix socket path has at most 107 bytes. */
  readonly runtimeFolder: string
}

/** Of a VM, all that its saved state depends on besides the engine. */
export type MachineShape = Pick<VmSpec, 'memoryMiB' | 'medium'> & {
  readonly disks: readonly Pick<DiskSpec, 'name' | 'sizeBytes'>[]
  readonly network: 'none' | { readonly model: string; readonly mac: string }
}

/** Where a suspended VM's memory goes, sealed: authenticated before a byte of it is loaded. */
export interface StateFile {
  readonly path: string
  /** 32 bytes. */
  readonly key: Uint8Array
  /** Names package, disks and engine; a state with another binding is refused (`state-mismatch`). */
  readonly binding: string
}

export interface VmEvents {
  state: [state: VmState]
  /** The named disk did not answer a read; the CPUs stand still until `resume`. */
  starved: [disk: string]
  serial: [bytes: Uint8Array]
  parallel: [bytes: Uint8Array]
  watchdog: []
  panicked: []
}

/** What may be done to the devices of a running VM. */
export interface DeviceControl {
  /** Asks the guest for the rest of its memory; it gives what it can spare. */
  setMemoryTarget(memoryMiB: number): Promise<void>
  /** What the guest has now. */
  memoryMiB(): Promise<number>
  /** Replaces what is in the drive. The guest reads it and never writes to it. */
  insert(drive: DriveName, medium: MediumSpec): Promise<void>
  /** Takes it out, whatever the guest thinks of it; an empty drive stays empty. */
  eject(drive: DriveName): Promise<void>
  /**
   * Plugs the device behind `filter` into the machine's controller. It is there until the filter ends, for whatever reason, and is ended as
   * `usb-saved` before the machine's state is saved.
   * @throws EngineError `capability-missing` without a controller, `usb-rejected` without a free port
   */
  attachUsb(filter: RedirFilter, admission: UsbAdmission): Promise<void>
  /** Absent: the spec asked for no channel to an agent. */
  readonly agent?: Duplex | undefined
}

export interface VirtualMachine {
  readonly state: VmState
  /** Absent where the backend has none of `DeviceSpec`. */
  readonly devices?: DeviceControl | undefined
  /** Of files that the engine writes itself; absent where others serve its disks. */
  readonly growth?: DiskGrowth | undefined
  /** Unix socket of an RFB 3.8 server (RFC 6143), security type None, reachable by the session host alone. */
  readonly displaySocket: string
  start(): Promise<void>
  pause(): Promise<void>
  resume(): Promise<void>
  reset(): Promise<void>
  /** The soft one: asks the guest to shut down (ACPI). */
  powerButton(): Promise<void>
  /** Writes `file` whole or not at all; on success the process is gone. What is in a drive is taken out first, and so are USB devices. */
  suspend(file: StateFile): Promise<void>
  /**
   * Writes the state as it is now, USB devices taken out, and goes on. `keepDisks` runs between the two, while the machine stands still and all it has written is in its
   * disks: a copy of them made then belongs to `file`.
   * @throws EngineError `snapshot-failed`, or what `keepDisks` throws; the machine goes on either way.
   */
  snapshot(file: StateFile, keepDisks: () => Promise<void>): Promise<void>
  /** Ends the process within 5 s, whatever it does. */
  stop(): Promise<void>
  /**
   * Sets the limit of `processorPercent` anew, null for none; in force when this returns.
   * @throws EngineError `capability-missing` where this host cannot hold the VM to it
   */
  setProcessorPercent(percent: number | null): void
  /**
   * The most that the guest may read and write, in sum, on all its disks, in KiB a second; null for no limit, as at the start. In force when this
   * resolves. A request goes when its turn comes, whole: what it takes beyond is owed.
   */
  setDiskRate(kibPerSecond: number | null): Promise<void>
  /** @throws EngineError `vm-exited` once the process is gone; `time-out` where it does not answer */
  stats(): Promise<VmStats>
  /** Resolves once the process is gone, asked or not; never rejects. */
  readonly exited: Promise<{ readonly state: 'suspended' | 'stopped' | 'failed'; readonly message: string }>
  on<E extends keyof VmEvents>(event: E, listener: (...args: VmEvents[E]) => void): void
}

export type ProbeReport =
  | { readonly available: true; readonly version: string; readonly capabilities: ReadonlySet<Capability> }
  | { readonly available: false; readonly code: EngineErrorCode; readonly message: string }

export interface EngineBackend {
  readonly name: 'qemu' | 'v86' | 'fake'
  /** What this host can do with this backend, tried rather than guessed. */
  probe(): Promise<ProbeReport>
  /**
   * Begins what the next `open` needs whatever its spec, so that it is there by then; that `open` takes it over. What nobody took over is
   * undone once the signal fires. It never throws: what fails here fails in `open`. Absent: there is nothing to begin with.
   */
  prepare?(signal: AbortSignal): void
  /**
   * Starts the contained VM process, CPUs not running: `prepared`, or `paused` when a suspended state was given.
   * @throws EngineError `capability-missing` naming what the spec asks for and the backend lacks; `containment-missing`;
   * `engine-missing`; `state-altered` or `state-mismatch` for a suspended state that is not to be trusted.
   */
  open(spec: VmSpec, restore?: StateFile): Promise<VirtualMachine>
  /** Absent: a state goes on only where it was saved. */
  readonly portable?: PortableStates
}

/** States that go on wherever there is the same machine, whoever saved them. The clock and the random numbers of the guest are set anew. */
export interface PortableStates {
  /** Engine, version and hardware in words, printable ASCII of at most 1024 characters: equal where a state fits. */
  machineOf(shape: MachineShape): Promise<string>
  /**
   * The plain bytes of a suspended state, to be read once.
   * @throws EngineError `state-altered`, `state-mismatch`
   */
  read(file: StateFile, shape: MachineShape): Promise<AsyncIterable<Uint8Array>>
  /** As `open` with a suspended state, whose bytes the caller has authenticated; it is opened over disks as they were then. */
  open(spec: VmSpec, state: AsyncIterable<Uint8Array>): Promise<VirtualMachine>
}
