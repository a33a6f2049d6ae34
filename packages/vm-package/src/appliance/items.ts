// SPDX-License-Identifier: Apache-2.0
//
// The items of a hardware section: CIM_ResourceAllocationSettingData and its kin, DSP0243 section 8.
import { z } from 'zod'
import { attributeOf, childrenOf, fieldOf } from './envelope.ts'
import { invalid, quote } from './refusal.ts'
import type { XmlElement } from './xml.ts'

const natural = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number)
/** A number, or an address of another kind, which says nothing about order. */
const address = z
  .string()
  .transform((text) => (/^\d{1,9}$/.test(text) ? Number(text) : null))
  .default(null)

const item = z.object({
  InstanceID: z.string().max(255),
  /** Of CIM: 3 is a processor, 4 memory ... */
  ResourceType: natural,
  /** Model. */
  ResourceSubType: z.string().default(''),
  ElementName: z.string().optional(),
  /** Of VirtualBox, in place of a name. */
  Caption: z.string().optional(),
  /** `InstanceID` of the controller. */
  Parent: z.string().optional(),
  AddressOnParent: address,
  Address: address,
  VirtualQuantity: natural.optional(),
  /** Absent: bytes. */
  AllocationUnits: z.string().optional(),
  HostResource: z.string().optional(),
})

export type Item = z.infer<typeof item>

export const kind = { processor: 3, memory: 4, ide: 5, scsi: 6, network: 10, disk: 17, otherStorage: 20, logicalDisk: 31 } as const

interface Items {
  readonly items: readonly Item[]
  /** Id of the configuration that was taken, where items depend on it. */
  readonly configuration: string | null
}

/**
 * Those of a configuration replace the ones of the same id that are for all.
 * @throws PackageError `appliance-invalid`
 */
export function readItems(section: XmlElement, configuration: string | null): Items {
  const all = childrenOf(section, 'Item', 'StorageItem', 'EthernetPortItem')
    // What else `bound` says is the range within which the quantity could be chosen.
    .filter((element) => !/^(?:min|max)$/.test(attributeOf(element, 'bound') ?? ''))
    .map((element) => ({ element, forOnly: attributeOf(element, 'configuration')?.trim().split(/\s+/) }))
  const common = new Map<string, Item>()
  const special = new Map<string, Item>()
  for (const { element, forOnly } of all) {
    if (forOnly !== undefined && (configuration === null || !forOnly.includes(configuration))) continue
    const read = readItem(element)
    const among = forOnly === undefined ? common : special
    if (among.has(read.InstanceID)) throw invalid(`expected each \`InstanceID\` once, found ${quote(read.InstanceID)} again`)
    among.set(read.InstanceID, read)
  }
  const items = [...new Map([...common, ...special]).values()]
  return { items, configuration: all.some(({ forOnly }) => forOnly !== undefined) ? configuration : null }
}

function readItem(element: XmlElement): Item {
  const parsed = item.safeParse(Object.fromEntries(Object.keys(item.shape).map((name) => [name, fieldOf(element, name)])))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const field = issue?.path.join('.') ?? ''
  const name = fieldOf(element, 'ElementName') ?? fieldOf(element, 'InstanceID') ?? ''
  throw invalid(`its hardware item ${quote(name)} has no \`${field}\` that can be read`, parsed.error)
}

export const nameOf = ({ ElementName, Caption, InstanceID }: Item): string => quote(ElementName ?? Caption ?? InstanceID)
