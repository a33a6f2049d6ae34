// SPDX-License-Identifier: Apache-2.0
//
// v86 as an engine: 32-bit PC in a contained child process, disks over NBD, display over RFB. Needs no system package but firmware.
// It makes no VM outside its containment, and keeps no secret: overlays and sealed states are made on this side of the child.
import type { Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { pathToFileURL } from 'node:url'
import { type Capability, requireCapabilities } from '../capabilities.ts'
import { EngineError } from '../error.ts'
import { ProcessorLimit } from '../limits/processor-limit.ts'
import { VmCgroups } from '../limits/vm-cgroups.ts'
import { openState } from '../state/open.ts'
import type { EngineBackend, ProbeReport, StateFile, VirtualMachine, VmSpec } from '../virtual-machine.ts'
import { checkSpec, hostSockets } from './check-spec.ts'
import type { ChildConfig } from './child-config.ts'
import { V86Child } from './child-process.ts'
import { childCommandLine } from './command-line.ts'
import { requireContainment } from './contain.ts'
import { type Firmware, firmwareFolder, requireFirmware } from './firmware.ts'
import { V86Machine } from './machine.ts'
import { type ChildProgram, currentChild, versionOf } from './program.ts'
import { boundToHardware, machineText } from './state-binding.ts'
import { withStateSocket } from './state-socket.ts'

export interface V86BackendOptions {
  /** Holds `bios.bin`, `vgabios-stdvga.bin` and `acpi-dsdt.aml`; default: `firmwareFolder`. */
  readonly firmwareFolder?: string
  /** The child program; default: `currentChild`. */
  readonly program?: ChildProgram
  /** What makes the namespaces of the child; default: util-linux' `unshare`. */
  readonly unshare?: string
  /** Where a VM's computing time is limited, if not under the cgroup of this process. */
  readonly cgroups?: VmCgroups
}

const CAPABILITIES: ReadonlySet<Capability> = new Set<Capability>([
  'disk:ide',
  'storage:writable-nbd',
  'network:ne2k_pci',
  'network:virtio',
  'serial:captured',
  'suspend',
  'snapshot',
])
const MIB = 1024 * 1024

type Bind = (file: StateFile) => StateFile

export function createV86Backend(options: V86BackendOptions = {}): EngineBackend {
  const cgroups = options.cgroups ?? new VmCgroups()
  let found: Promise<ChildProgram> | null = null
  const findProgram = (): Promise<ChildProgram> => {
    found ??= options.program === undefined ? currentChild() : Promise.resolve(options.program)
    return found
  }
  const v86Version = async () => versionOf(await findProgram())
  let contained: Promise<void> | null = null
  const requireContained = (): Promise<void> => {
    contained ??= requireContainment(options.unshare)
    return contained
  }
  const findFirmware = async () => requireFirmware(options.firmwareFolder ?? (await firmwareFolder()))
  const start = async (): Promise<Started> => {
    const [program, firmware] = await Promise.all([findProgram(), findFirmware()])
    const reads = [...program.reads, ...Object.values(firmware)]
    const { v86Module, v86Wasm, entry } = program
    const [unshare = '', ...args] = childCommandLine({ node: process.execPath, entry, reads, args: [pathToFileURL(v86Module).href, v86Wasm] })
    const limit = await ProcessorLimit.open(cgroups)
    const child = new V86Child(limit.commandIn([options.unshare ?? unshare, ...args]))
    void child.gone.then(() => limit.end())
    return { firmware, child, limit }
  }
  let spare: Promise<Started> | null = null
  const takeStarted = (): Promise<Started> => {
    const started = spare ?? start()
    spare = null
    return started
  }
  const open = async (spec: VmSpec, stateOf: (bind: Bind) => Promise<AsyncIterable<Uint8Array>> | null): Promise<VirtualMachine> => {
    requireCapabilities('v86', spec.processorPercent === undefined ? CAPABILITIES : await cgroups.addTo(CAPABILITIES), spec)
    checkSpec(spec)
    const version = await v86Version()
    const started = await takeStarted()
    const bind = (file: StateFile) => boundToHardware(file, spec, version)
    // Authenticated while the child starts: it gets no byte before.
    const state = stateOf(bind)
    // Whoever awaits it hears of a failure; until then it is no unhandled one.
    state?.catch(() => undefined)
    try {
      return await openMachine(spec, started, state, bind)
    } catch (error) {
      // What makes the namespaces starts the child: where they cannot be made there is none, and this says so by name.
      if (error instanceof EngineError && error.code === 'vm-exited') await requireContained()
      throw error
    }
  }
  return {
    name: 'v86',
    async probe(): Promise<ProbeReport> {
      try {
        await requireContained()
        await findFirmware()
        return { available: true, version: await v86Version(), capabilities: await cgroups.addTo(CAPABILITIES) }
      } catch (error) {
        if (error instanceof EngineError) return { available: false, code: error.code, message: error.message }
        throw error
      }
    },
    prepare(signal) {
      spare ??= start()
      const mine = spare
      mine.catch(() => undefined)
      signal.addEventListener('abort', () => {
        if (spare !== mine) return
        spare = null
        mine.then(({ child }) => child.kill()).catch(() => undefined)
      })
    },
    open: (spec, restore) => open(spec, (bind) => (restore === undefined ? null : openState(bind(restore)))),
    portable: {
      machineOf: async (shape) => machineText(shape, await v86Version()),
      read: async (file, shape) => openState(boundToHardware(file, shape, await v86Version())),
      open: (spec, state) => open(spec, async () => state),
    },
  }
}

/** A child that waits for its config. */
interface Started {
  readonly firmware: Firmware
  readonly child: V86Child
  /** Not in force yet. */
  readonly limit: ProcessorLimit
}

async function openMachine(
  spec: VmSpec,
  { firmware, child, limit }: Started,
  state: Promise<AsyncIterable<Uint8Array>> | null,
  bind: Bind,
): Promise<VirtualMachine> {
  const sockets = hostSockets(spec.runtimeFolder)
  const machine = new V86Machine({ child, limit, disks: spec.disks.map(({ name }) => name) }, sockets, state === null ? 'prepared' : 'paused', bind)
  const config = configOf(spec, firmware, sockets, state !== null)
  try {
    limit.set(spec.processorPercent ?? null)
    if (state === null) await child.open(config, machine)
    else await withStateSocket(sockets.state, (connected) => Promise.all([child.open(config, machine), feed(state, connected)]))
    limit.enforce()
    return machine
  } catch (error) {
    child.kill()
    await machine.exited
    throw error
  }
}

async function feed(state: Promise<AsyncIterable<Uint8Array>>, connected: Promise<Socket>): Promise<void> {
  const [pieces, socket] = await Promise.all([state, connected])
  await pipeline(pieces, socket)
}

function configOf(spec: VmSpec, firmware: Firmware, sockets: { display: string; state: string }, restore: boolean): ChildConfig {
  return {
    name: spec.name,
    ...firmware,
    memoryBytes: spec.memoryMiB * MIB,
    disks: spec.disks.map((disk) => {
      if (disk.storage.kind !== 'writable-nbd') throw new EngineError('capability-missing', `\`v86\` lacks \`storage:${disk.storage.kind}\``)
      return { name: disk.name, socket: disk.storage.nbd.socket, export: disk.storage.nbd.name, sizeBytes: disk.sizeBytes }
    }),
    medium:
      spec.medium === undefined
        ? null
        : { name: 'medium', socket: spec.medium.nbd.socket, export: spec.medium.nbd.name, sizeBytes: spec.medium.sizeBytes },
    displaySocket: sockets.display,
    stateSocket: sockets.state,
    serial: spec.serial === 'captured',
    network:
      spec.network === 'none'
        ? null
        : { card: spec.network.model === 'virtio' ? 'virtio' : 'ne2k', mac: spec.network.mac, socket: spec.network.socket },
    restore,
  }
}
