// SPDX-License-Identifier: Apache-2.0
//
// The names of OVF, DMTF DSP0243: version 1 and version 2 differ in namespace, and in that 2 has items of their own for disks and
// network cards.
import { invalid, quote } from './refusal.ts'
import type { XmlElement } from './xml.ts'

const envelopes = ['http://schemas.dmtf.org/ovf/envelope/1', 'http://schemas.dmtf.org/ovf/envelope/2']
const settings = 'http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_'
/** Of the fields of an item. VirtualBox writes those of version 2 with the ending of the schema's file. */
const fields = ['ResourceAllocationSettingData', 'StorageAllocationSettingData', 'EthernetPortAllocationSettingData'].flatMap((name) => [
  settings + name,
  `${settings}${name}.xsd`,
])

export const vmware = 'http://www.vmware.com/schema/ovf'
export const virtualBox = 'http://www.virtualbox.org/ovf/machine'

/** @throws PackageError `appliance-invalid` */
export function checkEnvelope({ namespace, name }: XmlElement): void {
  if (name === 'Envelope' && envelopes.includes(namespace)) return
  throw invalid(`expected an OVF descriptor of version 1 or 2, found ${quote(name)} of ${quote(namespace)}`)
}

export const isOvf = ({ namespace }: XmlElement): boolean => envelopes.includes(namespace)

export function childrenOf(element: XmlElement, ...names: readonly string[]): readonly XmlElement[] {
  return element.children.filter((child) => isOvf(child) && names.includes(child.name))
}

/** The schema qualifies each attribute; what leaves the prefix out means the same. */
export function attributeOf(element: XmlElement, name: string): string | undefined {
  return element.attributes.find(({ local, uri }) => local === name && (uri === '' || envelopes.includes(uri)))?.value
}

/** @throws PackageError `appliance-invalid` */
export function neededAttribute(element: XmlElement, name: string): string {
  const value = attributeOf(element, name)
  if (value === undefined || value === '') throw invalid(`expected the attribute \`${name}\` of each \`${element.name}\``)
  return value
}

/** The first of this name, trimmed; undefined when it is absent or empty. */
export function fieldOf(item: XmlElement, name: string): string | undefined {
  const text = item.children.find((child) => fields.includes(child.namespace) && child.name === name)?.text.trim()
  return text === '' ? undefined : text
}
