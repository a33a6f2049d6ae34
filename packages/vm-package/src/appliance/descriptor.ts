// SPDX-License-Identifier: Apache-2.0
//
// An OVF descriptor (DMTF DSP0243): its files, its disks, the hardware of its one system, its licence. What could not run here is
// refused; what is left out is a note.
import type { Hardware } from '../hardware.ts'
import { attributeOf, checkEnvelope, childrenOf, isOvf, neededAttribute, virtualBox, vmware } from './envelope.ts'
import { type Item, readItems } from './items.ts'
import { elsewhere, invalid, isPlainName, quote, unsupported } from './refusal.ts'
import { parseXml, type XmlElement } from './xml.ts'

export interface Descriptor {
  /** Names of the files that it refers to, by id. */
  readonly files: ReadonlyMap<string, string>
  /** Names of the files of its disks, by id of the disk. */
  readonly disks: ReadonlyMap<string, string>
  readonly items: readonly Item[]
  readonly firmware: Hardware['firmware']
  readonly eula: string | null
  /** What is not carried over, in sentences. */
  readonly notes: readonly string[]
}

/** Sections whose content says nothing that a package could carry, or that are read elsewhere. */
const silent = new Set(['References', 'DiskSection', 'NetworkSection', 'Strings', 'Info', 'Name', 'VirtualSystem', 'VirtualSystemCollection'])
for (const name of ['OperatingSystemSection', 'AnnotationSection', 'VirtualHardwareSection', 'EulaSection', 'ProductSection']) silent.add(name)

/** @throws PackageError `appliance-invalid`, `appliance-unsupported`, `appliance-refers-elsewhere` */
export function parseDescriptor(bytes: Uint8Array): Descriptor {
  const envelope = parseXml(bytes)
  checkEnvelope(envelope)
  const files = readFiles(envelope)
  const disks = readDisks(envelope, files)
  const parents = systemAndParents(envelope)
  const system = parents[0]
  const firmware = firmwareOf(system)
  const hardware = childrenOf(system, 'VirtualHardwareSection')
  if (hardware[0] === undefined) throw invalid('expected a `VirtualHardwareSection`, found none')
  const { items, configuration } = readItems(hardware[0], defaultConfiguration(envelope))
  const licences = parents.toReversed().flatMap((parent) => childrenOf(parent, 'EulaSection').flatMap((section) => childrenOf(section, 'License')))
  const eula = licences
    .map(({ text }) => text.trim())
    .filter((text) => text !== '')
    .join('\n\n')
  const notes = [
    ...(configuration === null ? [] : [`of the appliance's configurations ${quote(configuration)} is taken`]),
    ...(hardware.length > 1 ? [`the first of ${hardware.length} hardware sections is taken`] : []),
    ...parents.toReversed().flatMap(noteSections),
    ...noteSettings(hardware[0]),
  ]
  return { files, disks, items, firmware, eula: eula === '' ? null : eula, notes }
}

function readFiles(envelope: XmlElement): ReadonlyMap<string, string> {
  const files = new Map<string, string>()
  for (const file of childrenOf(envelope, 'References').flatMap((section) => childrenOf(section, 'File'))) {
    const name = fileName(neededAttribute(file, 'href'))
    const packed = attributeOf(file, 'compression') ?? ''
    if (packed !== '' && packed !== 'identity') throw unsupported(`its file ${quote(name)} is compressed as a whole (${quote(packed)})`)
    if (attributeOf(file, 'chunkSize') !== undefined) throw unsupported(`its file ${quote(name)} is cut into pieces (\`chunkSize\`)`)
    addOnce(files, neededAttribute(file, 'id'), name)
  }
  return files
}

/** `href` is a relative reference of RFC 3986, of one segment. */
function fileName(href: string): string {
  let name = href
  try {
    name = decodeURIComponent(href)
  } catch {
    throw invalid(`expected the name of a file, found ${quote(href)}`)
  }
  if (!isPlainName(name)) throw elsewhere(quote(name))
  return name
}

function readDisks(envelope: XmlElement, files: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const disks = new Map<string, string>()
  for (const disk of childrenOf(envelope, 'DiskSection').flatMap((section) => childrenOf(section, 'Disk'))) {
    const id = neededAttribute(disk, 'diskId')
    if (attributeOf(disk, 'parentRef') !== undefined) throw unsupported(`its disk ${quote(id)} lies upon another one (\`parentRef\`)`)
    const reference = attributeOf(disk, 'fileRef')
    if (reference === undefined) throw unsupported(`its disk ${quote(id)} is empty, without a file (\`fileRef\`)`)
    const name = files.get(reference)
    if (name === undefined) throw invalid(`its disk ${quote(id)} refers to a file ${quote(reference)} that is not among its references`)
    addOnce(disks, id, name)
  }
  return disks
}

function addOnce(map: Map<string, string>, id: string, name: string): void {
  if (map.has(id)) throw invalid(`expected each id once, found ${quote(id)} again`)
  map.set(id, name)
}

/** The one system, then what it lies in, up to the envelope. */
function systemAndParents(envelope: XmlElement): readonly [XmlElement, ...XmlElement[]] {
  const found = systemsWithin(envelope)
  if (found[0] === undefined) throw invalid('expected a `VirtualSystem`, found none')
  if (found.length > 1) throw unsupported(`it consists of ${found.length} machines`)
  return found[0]
}

function systemsWithin(parent: XmlElement): readonly (readonly [XmlElement, ...XmlElement[]])[] {
  const systems = childrenOf(parent, 'VirtualSystem').map((system) => [system, parent] as const)
  const deeper = childrenOf(parent, 'VirtualSystemCollection').flatMap((collection) =>
    systemsWithin(collection).map(([system, ...parents]) => [system, ...parents, parent] as const),
  )
  return [...systems, ...deeper]
}

/** OVF has no word for firmware: VMware says it in a setting, VirtualBox in its own description of the machine. */
function firmwareOf(system: XmlElement): Hardware['firmware'] {
  const settings = childrenOf(system, 'VirtualHardwareSection').flatMap(vmwareSettings)
  const says = settings.find(({ key }) => key === 'firmware')?.value ?? 'bios'
  const types = system.children
    .filter(({ namespace, name }) => namespace === virtualBox && name === 'Machine')
    .flatMap((machine) => namedWithin(machine, 'Firmware'))
    .map((firmware) => attributeOf(firmware, 'type') ?? '')
  const other = [says, ...types].find((type) => !/^(?:bios|efi(?:64)?)$/i.test(type))
  if (other !== undefined) throw unsupported(`its firmware is ${quote(other)}, and only a BIOS and a UEFI of 64 bits are given`)
  return [says, ...types].every((type) => /^bios$/i.test(type)) ? 'bios' : 'uefi'
}

function namedWithin(element: XmlElement, name: string): readonly XmlElement[] {
  return element.children.flatMap((child) => [...(child.name === name ? [child] : []), ...namedWithin(child, name)])
}

function vmwareSettings(section: XmlElement): readonly { readonly key: string; readonly value: string }[] {
  return section.children
    .filter(({ namespace, name }) => namespace === vmware && /^(?:Config|ExtraConfig)$/.test(name))
    .map(({ attributes }) => {
      const value = (name: string) => attributes.find(({ local, uri }) => uri === vmware && local === name)?.value ?? ''
      return { key: value('key'), value: value('value') }
    })
}

function defaultConfiguration(envelope: XmlElement): string | null {
  const all = childrenOf(envelope, 'DeploymentOptionSection').flatMap((section) => childrenOf(section, 'Configuration'))
  const chosen = all.find((configuration) => /^(?:true|1)$/.test(attributeOf(configuration, 'default') ?? '')) ?? all[0]
  return chosen === undefined ? null : neededAttribute(chosen, 'id')
}

function noteSections(parent: XmlElement): readonly string[] {
  const unknown = parent.children.filter((section) => !isOvf(section) || !silent.has(section.name))
  const properties = childrenOf(parent, 'ProductSection').flatMap((section) => childrenOf(section, 'Property'))
  const names = properties.map((property) => quote(attributeOf(property, 'key') ?? ''))
  return [
    ...unknown.filter(({ name }) => name !== 'DeploymentOptionSection').map(noteSection),
    ...(names.length === 0 ? [] : [`its properties are left out, and its guest is given none: ${names.join(', ')}`]),
  ]
}

const noteSection = ({ namespace, name }: XmlElement): string =>
  namespace === virtualBox ? "VirtualBox's own description of the machine is left out" : `its section ${quote(name)} is left out`

function noteSettings(section: XmlElement): readonly string[] {
  const names = vmwareSettings(section)
    .filter(({ key }) => key !== 'firmware')
    .map(({ key }) => quote(key))
  return names.length === 0 ? [] : [`settings of VMware are left out: ${names.join(', ')}`]
}
