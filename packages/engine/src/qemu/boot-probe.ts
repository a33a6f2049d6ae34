// SPDX-License-Identifier: Apache-2.0
//
// Finds out what QEMU can do on this host by doing it: boots a guest of 512 bytes, contained and sandboxed exactly like a real one, under each
// accelerator. Opening /dev/kvm proves nothing: on nested hosts it opens and no guest boots, or boots a hundred times slower than TCG.
import { access, constants } from 'node:fs/promises'
import type { Capability } from '../capabilities.ts'
import { EngineError } from '../error.ts'
import { exitCode, exitPort, probeBootSector } from './boot-sector.ts'
import { type Accelerator, machineTypes, sandbox } from './command-line.ts'
import { type Box, runContained } from './containment.ts'
import { emptyBox, type Installation } from './installation.ts'

export interface BootProbe {
  /** Of QEMU, `7.2.22`. */
  readonly version: string
  readonly accelerator: Accelerator
  readonly capabilities: readonly Capability[]
}

const kvmDeadlineMs = 5000
/** What has no fallback gets more time, since the host may be busy. */
const deadlineMs = 30_000
const image = '/vm/probe.img'

/** Device models behind the capabilities that depend on how QEMU was built. */
const models: readonly (readonly [Capability, string])[] = [
  ['disk:ide', 'ide-hd'],
  ['disk:virtio', 'virtio-blk-pci'],
  ['disk:sata', 'ich9-ahci'],
  ['disk:scsi', 'lsi53c895a'],
  ['medium', 'ide-cd'],
  ['network:e1000', 'e1000'],
  ['network:pcnet', 'pcnet'],
  ['network:rtl8139', 'rtl8139'],
  ['network:ne2k_pci', 'ne2k_pci'],
  ['network:virtio', 'virtio-net-pci'],
  ['video:vmware', 'vmware-svga'],
  ['video:virtio', 'virtio-vga'],
  ['serial:captured', 'isa-serial'],
  ['parallel:captured', 'isa-parallel'],
  ['balloon', 'virtio-balloon-pci'],
  ['usb:uhci', 'piix3-usb-uhci'],
  ['usb:ohci', 'pci-ohci'],
  ['usb:ehci', 'usb-ehci'],
  ['usb:xhci', 'qemu-xhci'],
  ['usb:redirect', 'usb-redir'],
  ['drive:cd', 'ide-cd'],
  ['drive:floppy', 'floppy'],
  ['sound:hda', 'intel-hda'],
  ['sound:ac97', 'AC97'],
  ['sound:sb16', 'sb16'],
  ['watchdog', 'i6300esb'],
  ['panic', 'pvpanic'],
  ['agent', 'virtserialport'],
]
const always: readonly Capability[] = ['chipset:q35', 'cpus:many', 'cpu-model', 'storage:luks-overlay', 'storage:writable-nbd', 'suspend', 'snapshot']

/** @throws EngineError `containment-missing` if nothing can run contained; `engine-missing` if QEMU runs and boots nothing. */
export async function probeQemu(installation: Installation): Promise<BootProbe> {
  const box = emptyBox(installation, installation.qemu)
  const { code, output, lastWords } = await runContained(box, ['--version'], deadlineMs)
  if (code !== 0) throw new EngineError('containment-missing', `no program runs contained by \`bwrap\`: ${lastWords}`)
  const version = /version (\d+\.\d+\.\d+)/.exec(output)?.[1]
  if (version === undefined) throw new EngineError('engine-missing', `\`${installation.qemu}\` names no version: ${output.slice(0, 100)}`)
  const built = await runContained(box, ['-machine', 'none', '-device', 'help'], deadlineMs)
  const present = models.filter(([, model]) => built.output.includes(`name "${model}"`)).map(([capability]) => capability)
  const tcg = await boot(box, 'tcg', deadlineMs)
  if (tcg.code !== exitCode) {
    throw new EngineError(whyNoBoot(tcg.lastWords), `\`${installation.qemu}\` boots no guest here: ${tcg.lastWords || 'it did not end in time'}`)
  }
  return { version, accelerator: (await kvmIsFaster(box, tcg.elapsedMs)) ? 'kvm' : 'tcg', capabilities: [...always, ...present] }
}

/** A QEMU that was built without seccomp refuses `-sandbox` in words; it would boot, but not contained. */
export function whyNoBoot(lastWords: string): 'containment-missing' | 'engine-missing' {
  return /sandbox|seccomp/i.test(lastWords) ? 'containment-missing' : 'engine-missing'
}

async function kvmIsFaster(box: Box, tcgMs: number): Promise<boolean> {
  const mayOpen = await access('/dev/kvm', constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  )
  if (!mayOpen) return false
  const kvm = await boot({ ...box, devices: ['/dev/kvm'] }, 'kvm', kvmDeadlineMs)
  return kvm.code === exitCode && kvm.elapsedMs < tcgMs
}

async function boot(box: Box, accelerator: Accelerator, deadline: number): Promise<{ code: number | null; lastWords: string; elapsedMs: number }> {
  const args = [
    ...['-no-user-config', '-nodefaults', '-display', 'none', ...sandbox, '-m', 'size=16M', '-boot', 'menu=off,strict=on'],
    ...['-machine', `${machineTypes.i440fx},accel=${accelerator},usb=off`, ...(accelerator === 'kvm' ? ['-cpu', 'host,migratable=on'] : [])],
    ...['-blockdev', JSON.stringify({ driver: 'raw', 'node-name': 'disk', file: { driver: 'file', filename: image } })],
    ...['-device', 'ide-hd,drive=disk,bootindex=1', '-device', `isa-debug-exit,iobase=${exitPort},iosize=1`],
  ]
  const begun = performance.now()
  const run = await runContained({ ...box, memoryFiles: [{ inside: image, bytes: probeBootSector(), writable: true }] }, args, deadline)
  return { ...run, elapsedMs: performance.now() - begun }
}
