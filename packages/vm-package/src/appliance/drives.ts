// SPDX-License-Identifier: Apache-2.0
//
// The disks of a descriptor in the order in which its machine sees them, and what each is attached to here.
import type { ManifestDisk } from '../manifest.ts'
import type { Descriptor } from './descriptor.ts'
import { type Item, kind, nameOf } from './items.ts'
import { invalid, quote, unsupported } from './refusal.ts'

const mostDisks = 8
const mostOnIde = 4
const mostOnSata = 6

export interface Drive {
  /** In the package: `system`, then `disk2`, `disk3` ... */
  readonly name: string
  /** Name of its file. */
  readonly file: string
  readonly controller: ManifestDisk['controller']
}

interface Drives {
  readonly drives: readonly Drive[]
  /** What is not carried over, in sentences. */
  readonly notes: readonly string[]
}

/** @throws PackageError `appliance-invalid`, `appliance-unsupported` */
export function mapDrives({ items, disks, files }: Pick<Descriptor, 'items' | 'disks' | 'files'>): Drives {
  const places = new Map(items.map((item, at) => [item.InstanceID, { item, at }]))
  const controllerOf = ({ Parent }: Item) => (Parent === undefined ? undefined : places.get(Parent))
  // Of the first controller of each kind: descriptors write first what boots first.
  const firstOfKind = (item: Item) => items.findIndex(({ ResourceType }) => ResourceType === item.ResourceType)
  const placeOf = (item: Item): readonly number[] => {
    const controller = controllerOf(item)
    const on = controller === undefined ? [items.length, 0, 0] : [firstOfKind(controller.item), controller.item.Address ?? 0, controller.at]
    return [...on, item.AddressOnParent ?? 0]
  }
  const found = items
    .filter(({ ResourceType }) => ResourceType === kind.disk || ResourceType === kind.logicalDisk)
    .map((item) => ({ item, place: placeOf(item), ...diskOf(item, disks, files), ...attach(item, controllerOf(item)?.item) }))
    .toSorted((one, other) => compare(one.place, other.place))
  if (found.length === 0) throw unsupported('it has no disk')
  if (found.length > mostDisks) throw unsupported(`it has ${found.length} disks, and a package has at most ${mostDisks}`)
  for (const [on, name, most] of [
    ['ide', 'IDE', mostOnIde],
    ['sata', 'SATA', mostOnSata],
  ] as const) {
    const count = found.filter(({ controller }) => controller === on).length
    if (count > most) throw unsupported(`it has ${count} disks that would be attached to ${name}, which has room for ${most}`)
  }
  const unused = [...disks.keys()].filter((id) => !found.some((drive) => drive.id === id))
  return {
    drives: found.map(({ file, controller }, at) => ({ name: at === 0 ? 'system' : `disk${at + 1}`, file, controller })),
    notes: [...found.flatMap(({ note }) => note), ...unused.map((id) => `its disk ${quote(id)} is left out: nothing is attached to it`)],
  }
}

function diskOf(item: Item, disks: Descriptor['disks'], files: Descriptor['files']): { readonly id: string; readonly file: string } {
  const { HostResource: resource } = item
  if (resource === undefined) throw unsupported(`${nameOf(item)} is an empty disk, without a file`)
  const { among, id = '' } = /^(?:ovf:)?\/(?<among>disk|file)\/(?<id>.+)$/.exec(resource)?.groups ?? {}
  const file = (among === 'file' ? files : disks).get(id)
  if (among === undefined || file === undefined) throw invalid(`${nameOf(item)} refers to ${quote(resource)}, which the descriptor does not have`)
  return { id, file }
}

function attach(item: Item, controller: Item | undefined): Pick<Drive, 'controller'> & { readonly note: readonly string[] } {
  const models = [item.ResourceSubType, controller?.ResourceSubType ?? '']
  if (models.some((model) => /^virtio(?:-?blk)?$/i.test(model))) return { controller: 'virtio', note: [] }
  if (controller?.ResourceType === kind.ide) return { controller: 'ide', note: [] }
  if (isSata(controller)) return { controller: 'sata', note: [] }
  return { controller: 'ide', note: [`${nameOf(item)} is attached to IDE in place of ${controllerName(controller)}`] }
}

function controllerName(controller: Item | undefined): string {
  if (controller === undefined) return 'no controller'
  if (controller.ResourceType === kind.scsi) return `SCSI (${quote(controller.ResourceSubType)})`
  return quote(controller.ResourceSubType)
}

const isSata = (controller: Item | undefined): boolean =>
  controller?.ResourceType === kind.otherStorage && /ahci|sata/i.test(controller.ResourceSubType)

function compare(one: readonly number[], other: readonly number[]): number {
  const differs = one.findIndex((value, at) => value !== other[at])
  return differs === -1 ? 0 : (one[differs] ?? 0) - (other[differs] ?? 0)
}
