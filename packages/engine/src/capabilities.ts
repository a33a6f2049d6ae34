// SPDX-License-Identifier: Apache-2.0
//
// What a spec may ask of a backend, by name. A spec that asks for more than a backend declares is refused, never trimmed.
import { EngineError } from './error.ts'
import type { VmSpec } from './virtual-machine.ts'

export type Capability =
  | 'cpus:many'
  | 'disk:ide'
  | 'disk:virtio'
  | 'medium'
  | 'storage:luks-overlay'
  | 'storage:writable-nbd'
  | 'network:e1000'
  | 'network:rtl8139'
  | 'network:ne2k_pci'
  | 'network:virtio'
  | 'serial:captured'
  | 'suspend'

/** Every capability that `spec` needs, each once, in spec order. */
export function capabilitiesOf(spec: VmSpec): readonly Capability[] {
  const needed = new Set<Capability>()
  if (spec.cpus > 1) needed.add('cpus:many')
  for (const disk of spec.disks) {
    needed.add(`disk:${disk.controller}`)
    needed.add(`storage:${disk.storage.kind}`)
  }
  if (spec.medium !== undefined) needed.add('medium')
  if (spec.network !== 'none') needed.add(`network:${spec.network.model}`)
  if (spec.serial === 'captured') needed.add('serial:captured')
  return [...needed]
}

/** @throws EngineError `capability-missing` that names every missing one. */
export function requireCapabilities(backend: string, offered: ReadonlySet<Capability>, spec: VmSpec): void {
  const missing = capabilitiesOf(spec).filter((capability) => !offered.has(capability))
  if (missing.length > 0) {
    throw new EngineError('capability-missing', `\`${backend}\` lacks ${missing.map((name) => `\`${name}\``).join(', ')}`)
  }
}
