// SPDX-License-Identifier: Apache-2.0
//
// The machine that a package is for, completely: what is not named here is not there. Which of the host's devices a guest gets beyond it is
// the policies' business. Names are those of the engine, whose capabilities say what an engine of a computer can give.
import { z } from 'zod'

export const diskController = z.enum(['ide', 'sata', 'scsi', 'virtio'])

export const hardware = z.strictObject({
  firmware: z.enum(['bios', 'uefi']),
  chipset: z.enum(['i440fx', 'q35']),
  cpus: z.int().min(1).max(64),
  /** The same on every computer; absent: the best that each can give, under which a suspended state fits like computers only. */
  cpuModel: z.enum(['qemu64', 'core2duo', 'Penryn', 'Nehalem', 'Westmere', 'SandyBridge', 'IvyBridge', 'Haswell', 'EPYC']).exactOptional(),
  /** `cpus` is their product; absent: one socket. */
  cpuTopology: z.strictObject({ sockets: z.int().min(1).max(64), cores: z.int().min(1).max(64), threads: z.int().min(1).max(2) }).exactOptional(),
  memoryMiB: z.int().min(16).max(1_048_576),
  video: z.enum(['std', 'vmware', 'virtio']),
  network: z.strictObject({ model: z.enum(['e1000', 'pcnet', 'rtl8139', 'ne2k_pci', 'virtio']) }).nullable(),
  /** A controller with an absolute pointer on it. */
  usb: z.enum(['uhci', 'ohci', 'ehci', 'xhci']).exactOptional(),
  /** One of each instance's own, which no update, revert or move takes anything from. */
  tpm: z.literal('2.0').exactOptional(),
  /** A guest that stops feeding it is noted, and nothing else. */
  watchdog: z.literal(true).exactOptional(),
  /** A guest whose kernel panics can say so. */
  panic: z.literal(true).exactOptional(),
  /** The port of the QEMU guest agent. */
  agent: z.literal(true).exactOptional(),
})

export type Hardware = z.infer<typeof hardware>

interface Attached {
  readonly controller: z.infer<typeof diskController>
}

/** Places on one controller. */
const most = { ide: 4, sata: 6, scsi: 7, virtio: 8 } as const

/**
 * Why no such machine can be built; undefined: it can.
 * @param medium whether instances are given a CD, whose drive takes a place too: on `ide`, or on the `sata` of a q35.
 */
export function hardwareProblem({ chipset, cpus, cpuTopology }: Hardware, disks: readonly Attached[], medium: boolean): string | undefined {
  if (cpuTopology !== undefined && cpuTopology.sockets * cpuTopology.cores * cpuTopology.threads !== cpus)
    return `expected \`cpuTopology\` to make ${cpus} processors`
  const drives = chipset === 'q35' ? 'sata' : 'ide'
  if (chipset === 'q35' && disks.some(({ controller }) => controller === 'ide')) return 'expected no disk on `ide`, which a q35 does not have'
  for (const controller of diskController.options) {
    const taken = medium && controller === drives ? 1 : 0
    const beside = taken === 0 ? '' : ' beside the customization medium'
    if (disks.filter((disk) => disk.controller === controller).length + taken > most[controller])
      return `expected at most ${most[controller] - taken} disks on \`${controller}\`${beside}`
  }
  return undefined
}

/** What an engine needs beyond what every engine has, in the engine's words; a network card is there only where the policies give a network. */
export function neededHardware(
  { firmware, chipset, cpus, cpuModel, video, usb, tpm, watchdog, panic, agent }: Hardware,
  disks: readonly Attached[],
): readonly string[] {
  const controllers = diskController.options.filter((controller) => controller !== 'ide' && disks.some((disk) => disk.controller === controller))
  return [
    firmware === 'uefi' ? ['firmware:uefi'] : [],
    chipset === 'q35' ? ['chipset:q35'] : [],
    cpus > 1 ? ['cpus:many'] : [],
    cpuModel === undefined ? [] : ['cpu-model'],
    controllers.map((controller) => `disk:${controller}`),
    video === 'std' ? [] : [`video:${video}`],
    usb === undefined ? [] : [`usb:${usb}`],
    tpm === undefined ? [] : ['tpm'],
    watchdog === undefined ? [] : ['watchdog'],
    panic === undefined ? [] : ['panic'],
    agent === undefined ? [] : ['agent'],
  ].flat()
}

/** Members in their order, absent ones left out. */
export function orderHardware(value: Hardware): Hardware {
  const { cpuModel, cpuTopology, network, usb, tpm, watchdog, panic, agent } = value
  return {
    firmware: value.firmware,
    chipset: value.chipset,
    cpus: value.cpus,
    ...(cpuModel === undefined ? {} : { cpuModel }),
    ...(cpuTopology === undefined ? {} : { cpuTopology: { sockets: cpuTopology.sockets, cores: cpuTopology.cores, threads: cpuTopology.threads } }),
    memoryMiB: value.memoryMiB,
    video: value.video,
    network: network === null ? null : { model: network.model },
    ...(usb === undefined ? {} : { usb }),
    ...(tpm === undefined ? {} : { tpm }),
    ...(watchdog === undefined ? {} : { watchdog }),
    ...(panic === undefined ? {} : { panic }),
    ...(agent === undefined ? {} : { agent }),
  }
}
