// SPDX-License-Identifier: Apache-2.0
//
// What a spec may ask of a backend, by name. A spec that asks for more than a backend declares is refused, never trimmed.
import type { DeviceSpec } from './device-spec.ts'
import { EngineError } from './error.ts'
import type { VmSpec } from './virtual-machine.ts'

export const capabilityNames = [
  'cpus:many',
  'cpu-model',
  'chipset:q35',
  'firmware:uefi',
  'disk:ide',
  'disk:sata',
  'disk:scsi',
  'disk:virtio',
  'medium',
  'storage:luks-overlay',
  'storage:writable-nbd',
  'network:e1000',
  'network:pcnet',
  'network:rtl8139',
  'network:ne2k_pci',
  'network:virtio',
  'video:vmware',
  'video:virtio',
  'serial:captured',
  'parallel:captured',
  'balloon',
  'usb:uhci',
  'usb:ohci',
  'usb:ehci',
  'usb:xhci',
  'usb:redirect',
  'drive:cd',
  'drive:floppy',
  'sound:hda',
  'sound:ac97',
  'sound:sb16',
  'watchdog',
  'panic',
  'tpm',
  'agent',
  'suspend',
  'snapshot',
  'limit:processor',
] as const
export type Capability = (typeof capabilityNames)[number]

/** Every capability that `spec` needs, each once, in spec order. */
export function capabilitiesOf(spec: VmSpec): readonly Capability[] {
  const needed = new Set<Capability>()
  if (spec.firmware !== 'bios') needed.add('firmware:uefi')
  if (spec.chipset === 'q35') needed.add('chipset:q35')
  if (spec.cpus > 1) needed.add('cpus:many')
  if (spec.cpuModel !== undefined) needed.add('cpu-model')
  if (spec.processorPercent !== undefined) needed.add('limit:processor')
  for (const disk of spec.disks) {
    needed.add(`disk:${disk.controller}`)
    needed.add(`storage:${disk.storage.kind}`)
  }
  if (spec.medium !== undefined) needed.add('medium')
  if (spec.video !== 'std') needed.add(`video:${spec.video}`)
  if (spec.network !== 'none') needed.add(`network:${spec.network.model}`)
  if (spec.serial === 'captured') needed.add('serial:captured')
  for (const capability of ofDevices(spec.devices ?? {})) needed.add(capability)
  return [...needed]
}

function ofDevices({ balloon, usb, drives, parallel, sound, watchdog, panic, tpm, agent }: DeviceSpec): readonly Capability[] {
  return [
    ...(balloon ? ['balloon' as const] : []),
    ...(usb === undefined ? [] : [`usb:${usb}` as const]),
    ...(drives ?? []).map((drive) => `drive:${drive}` as const),
    ...(parallel === undefined ? [] : ['parallel:captured' as const]),
    ...(sound === undefined ? [] : [`sound:${sound}` as const]),
    ...(watchdog ? ['watchdog' as const] : []),
    ...(panic ? ['panic' as const] : []),
    ...(tpm === undefined ? [] : ['tpm' as const]),
    ...(agent ? ['agent' as const] : []),
  ]
}

/** @throws EngineError `capability-missing` that names every missing one. */
export function requireCapabilities(backend: string, offered: ReadonlySet<Capability>, spec: VmSpec): void {
  const missing = capabilitiesOf(spec).filter((capability) => !offered.has(capability))
  if (missing.length > 0) {
    throw new EngineError('capability-missing', `\`${backend}\` lacks ${missing.map((name) => `\`${name}\``).join(', ')}`)
  }
}
