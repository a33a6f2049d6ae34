// SPDX-License-Identifier: Apache-2.0
//
// From the items of a descriptor to the hardware of a package.
import { z } from 'zod'
import { type Hardware, hardware } from '../hardware.ts'
import { type Item, kind, nameOf } from './items.ts'
import { invalid, quote, unsupported } from './refusal.ts'

export interface Machine {
  readonly hardware: Hardware
  /** What is not carried over, in sentences. */
  readonly notes: readonly string[]
}

type CardModel = NonNullable<Hardware['network']>['model']

/** By models of descriptors, in small letters. */
const cardModels: ReadonlyMap<string, CardModel> = new Map([
  ['e1000', 'e1000'],
  ['virtio', 'virtio'],
  ['virtio-net', 'virtio'],
])

/** What a descriptor may have that no package has, by CIM's resource types. */
const leftOut: ReadonlyMap<number, string> = new Map([
  [11, 'a network adapter'],
  [14, 'a floppy drive'],
  [15, 'a CD drive'],
  [16, 'a DVD drive'],
  [18, 'a tape drive'],
  [21, 'a serial port'],
  [22, 'a parallel port'],
  [23, 'a USB controller'],
  [24, 'a graphics card: the standard one is given'],
  [25, 'an IEEE 1394 controller'],
  [35, 'a sound card'],
])

/** Of which only the disks on them matter. */
const controllers: ReadonlySet<number> = new Set([kind.ide, kind.scsi, 7, 8, kind.otherStorage])
const handled: ReadonlySet<number> = new Set([kind.processor, kind.memory, kind.network, kind.disk, kind.logicalDisk])

/** @throws PackageError `appliance-invalid`, `appliance-unsupported` */
export function mapMachine(items: readonly Item[], firmware: Hardware['firmware']): Machine {
  const ofKind = (wanted: number) => items.filter(({ ResourceType }) => ResourceType === wanted)
  const cards = ofKind(kind.network)
  const [card, ...moreCards] = cards
  const model = card === undefined ? undefined : cardModels.get(card.ResourceSubType.toLowerCase())
  const parsed = hardware.safeParse({
    firmware,
    chipset: 'i440fx',
    cpus: sumOf(ofKind(kind.processor), ({ VirtualQuantity }) => VirtualQuantity ?? 1),
    memoryMiB: sumOf(ofKind(kind.memory), bytesOf) / 2 ** 20,
    video: 'std',
    network: card === undefined ? null : { model: model ?? 'e1000' },
  })
  if (!parsed.success) throw unsupported(z.prettifyError(parsed.error).replaceAll('\n', ' '))
  const others = items.filter(({ ResourceType }) => !handled.has(ResourceType) && !controllers.has(ResourceType))
  return {
    hardware: parsed.data,
    notes: [
      ...(card !== undefined && model === undefined ? [`${nameOf(card)} is of the model ${quote(card.ResourceSubType)}; an \`e1000\` is given`] : []),
      ...moreCards.map((further) => `${nameOf(further)} is left out: a package has one network card`),
      ...others.map((other) => `${nameOf(other)} is left out: ${leftOut.get(other.ResourceType) ?? `a device of type ${other.ResourceType}`}`),
    ],
  }
}

const sumOf = (items: readonly Item[], amount: (item: Item) => number): number => items.reduce((sum, item) => sum + amount(item), 0)

function bytesOf(item: Item): number {
  const unit = unitBytes(item.AllocationUnits ?? 'byte')
  if (unit === undefined) throw invalid(`${nameOf(item)} is measured in ${quote(item.AllocationUnits ?? '')}, expected a unit of bytes`)
  return (item.VirtualQuantity ?? 0) * unit
}

const named: ReadonlyMap<string, number> = new Map([
  ['byte', 1],
  ['bytes', 1],
  ['kilobytes', 2 ** 10],
  ['kb', 2 ** 10],
  ['megabytes', 2 ** 20],
  ['mb', 2 ** 20],
  ['gigabytes', 2 ** 30],
  ['gb', 2 ** 30],
])

/** Programmatic units of DSP0004 annex C, `byte * 2^20`, and the words that came before them, `MegaBytes`. */
function unitBytes(text: string): number | undefined {
  const { base, power } = /^bytes?\s*\*\s*(?<base>2|10)\s*\^\s*(?<power>\d{1,2})$/i.exec(text)?.groups ?? {}
  return base === undefined ? named.get(text.toLowerCase()) : Number(base) ** Number(power)
}
