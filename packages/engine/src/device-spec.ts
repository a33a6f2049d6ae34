// SPDX-License-Identifier: Apache-2.0
//
// What a machine has beyond disks, screen, first serial port and network card. All of it is absent unless a spec names it.

/** Models that QEMU 7.2 knows, in their first version, so that a guest finds the same CPU under a later QEMU. */
export const cpuModels = ['qemu64', 'core2duo', 'Penryn', 'Nehalem', 'Westmere', 'SandyBridge', 'IvyBridge', 'Haswell', 'EPYC'] as const
export type CpuModel = (typeof cpuModels)[number]

/** `cpus` of the spec is the product of the three. */
export interface CpuTopology {
  readonly sockets: number
  readonly cores: number
  readonly threads: number
}

export const deviceChoices = {
  /** Which driver the controller of the absolute pointer speaks: USB 1, 1, 2, 3. */
  usb: ['uhci', 'ohci', 'ehci', 'xhci'],
  /** Empty at the start; a medium comes and goes while the guest runs. */
  drives: ['cd', 'floppy'],
  /** What the guest plays is thrown away: no byte of it reaches the host's sound system. */
  sound: ['hda', 'ac97', 'sb16'],
} as const

export interface DeviceSpec {
  readonly balloon?: true | undefined
  readonly usb?: (typeof deviceChoices.usb)[number] | undefined
  readonly drives?: readonly DriveName[] | undefined
  /** Bytes the guest writes to its parallel port arrive as `parallel` events. */
  readonly parallel?: 'captured' | undefined
  readonly sound?: (typeof deviceChoices.sound)[number] | undefined
  /** One that only tells: a guest that stops feeding it is a `watchdog` event, nothing else. */
  readonly watchdog?: true | undefined
  /** A guest whose kernel panics says so: a `panicked` event. */
  readonly panic?: true | undefined
  /** A TPM 2.0 of its own. */
  readonly tpm?: TpmStorage | undefined
  /** A virtio serial port named `org.qemu.guest_agent.0`. */
  readonly agent?: true | undefined
}

/** What a TPM holds is lost with its folder, and opens under its key alone. */
export interface TpmStorage {
  /** Private to the VM; made by the caller, filled by the TPM. */
  readonly folder: string
  /** 32 bytes. */
  readonly key: Uint8Array
}

export type DriveName = (typeof deviceChoices.drives)[number]
