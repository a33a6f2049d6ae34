// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { parseDescriptor } from './descriptor.ts'
import { mapDrives } from './drives.ts'
import { mapMachine } from './machine.ts'

const rasd = 'xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"'

/** As VMware writes it: OVF 1, fields in alphabetical order, an address of its own for each controller. */
const vmware = `<?xml version="1.0" encoding="UTF-8"?>
<Envelope vmw:buildId="build-1" xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1" ${rasd}
    xmlns:vmw="http://www.vmware.com/schema/ovf">
  <References>
    <File ovf:href="web-disk1.vmdk" ovf:id="file1" ovf:size="1234"/>
    <File ovf:href="web%20data.vmdk" ovf:id="file2"/>
    <File ovf:href="tools.iso" ovf:id="file3"/>
  </References>
  <DiskSection><Info>Disks</Info>
    <Disk ovf:capacity="8" ovf:capacityAllocationUnits="byte * 2^30" ovf:diskId="vmdisk1" ovf:fileRef="file1"/>
    <Disk ovf:capacity="1" ovf:capacityAllocationUnits="byte * 2^30" ovf:diskId="vmdisk2" ovf:fileRef="file2"/>
  </DiskSection>
  <NetworkSection><Info>Networks</Info><Network ovf:name="VM Network"/></NetworkSection>
  <VirtualSystem ovf:id="web"><Info>A machine</Info>
    <EulaSection><Info>Licence</Info><License>Be &lt;kind&gt;.</License></EulaSection>
    <ProductSection><Info>Product</Info><Property ovf:key="hostname" ovf:type="string"/></ProductSection>
    <VirtualHardwareSection><Info>Hardware</Info>
      <Item><rasd:AllocationUnits>hertz * 10^6</rasd:AllocationUnits><rasd:ElementName>2 CPUs</rasd:ElementName><rasd:InstanceID>1</rasd:InstanceID>
        <rasd:ResourceType>3</rasd:ResourceType><rasd:VirtualQuantity>2</rasd:VirtualQuantity></Item>
      <Item><rasd:AllocationUnits>byte * 2^20</rasd:AllocationUnits><rasd:InstanceID>2</rasd:InstanceID>
        <rasd:ResourceType>4</rasd:ResourceType><rasd:VirtualQuantity>2048</rasd:VirtualQuantity></Item>
      <Item><rasd:Address>0</rasd:Address><rasd:ElementName>SCSI Controller 0</rasd:ElementName><rasd:InstanceID>3</rasd:InstanceID>
        <rasd:ResourceSubType>lsilogic</rasd:ResourceSubType><rasd:ResourceType>6</rasd:ResourceType></Item>
      <Item ovf:required="false"><rasd:ElementName>CD drive 1</rasd:ElementName><rasd:HostResource>ovf:/file/file3</rasd:HostResource>
        <rasd:InstanceID>7</rasd:InstanceID><rasd:ResourceType>15</rasd:ResourceType></Item>
      <Item><rasd:AddressOnParent>1</rasd:AddressOnParent><rasd:ElementName>Hard disk 2</rasd:ElementName>
        <rasd:HostResource>ovf:/disk/vmdisk2</rasd:HostResource><rasd:InstanceID>8</rasd:InstanceID><rasd:Parent>3</rasd:Parent>
        <rasd:ResourceType>17</rasd:ResourceType></Item>
      <Item><rasd:AddressOnParent>0</rasd:AddressOnParent><rasd:ElementName>Hard disk 1</rasd:ElementName>
        <rasd:HostResource>ovf:/disk/vmdisk1</rasd:HostResource><rasd:InstanceID>9</rasd:InstanceID><rasd:Parent>3</rasd:Parent>
        <rasd:ResourceType>17</rasd:ResourceType></Item>
      <Item><rasd:ElementName>Network 1</rasd:ElementName><rasd:InstanceID>10</rasd:InstanceID><rasd:ResourceSubType>VmxNet3</rasd:ResourceSubType>
        <rasd:ResourceType>10</rasd:ResourceType></Item>
      <Item><rasd:ElementName>Network 2</rasd:ElementName><rasd:InstanceID>11</rasd:InstanceID><rasd:ResourceSubType>E1000</rasd:ResourceSubType>
        <rasd:ResourceType>10</rasd:ResourceType></Item>
      <vmw:Config ovf:required="false" vmw:key="firmware" vmw:value="bios"/>
      <vmw:ExtraConfig ovf:required="false" vmw:key="nvram" vmw:value="x"/>
    </VirtualHardwareSection>
  </VirtualSystem>
</Envelope>`

/** As VirtualBox writes OVF 2: items of their own for disks and network cards, and its own description of the machine behind them. */
const virtualBox = `<?xml version="1.0"?>
<Envelope ovf:version="2.0" xml:lang="en-US" xmlns="http://schemas.dmtf.org/ovf/envelope/2" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/2" ${rasd}
    xmlns:sasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_StorageAllocationSettingData.xsd"
    xmlns:epasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_EthernetPortAllocationSettingData.xsd"
    xmlns:vbox="http://www.virtualbox.org/ovf/machine">
  <References><File ovf:id="file1" ovf:href="desk-disk001.vmdk"/><File ovf:id="file2" ovf:href="desk-disk002.vmdk"/></References>
  <DiskSection><Info>Disks</Info>
    <Disk ovf:capacity="8388608" ovf:diskId="vmdisk1" ovf:fileRef="file1"/><Disk ovf:capacity="8388608" ovf:diskId="vmdisk2" ovf:fileRef="file2"/>
  </DiskSection>
  <VirtualSystem ovf:id="desk"><Info>A machine</Info>
    <OperatingSystemSection ovf:id="96"><Info>Guest</Info></OperatingSystemSection>
    <VirtualHardwareSection><Info>Hardware</Info>
      <Item><rasd:Caption>1 CPU</rasd:Caption><rasd:InstanceID>1</rasd:InstanceID><rasd:ResourceType>3</rasd:ResourceType>
        <rasd:VirtualQuantity>1</rasd:VirtualQuantity></Item>
      <Item><rasd:AllocationUnits>MegaBytes</rasd:AllocationUnits><rasd:InstanceID>2</rasd:InstanceID><rasd:ResourceType>4</rasd:ResourceType>
        <rasd:VirtualQuantity>512</rasd:VirtualQuantity></Item>
      <Item><rasd:Address>0</rasd:Address><rasd:InstanceID>3</rasd:InstanceID><rasd:ResourceSubType>PIIX4</rasd:ResourceSubType>
        <rasd:ResourceType>5</rasd:ResourceType></Item>
      <Item><rasd:Address>1</rasd:Address><rasd:InstanceID>4</rasd:InstanceID><rasd:ResourceSubType>PIIX4</rasd:ResourceSubType>
        <rasd:ResourceType>5</rasd:ResourceType></Item>
      <Item><rasd:Caption>sound</rasd:Caption><rasd:InstanceID>6</rasd:InstanceID><rasd:ResourceSubType>ensoniq1371</rasd:ResourceSubType>
        <rasd:ResourceType>35</rasd:ResourceType></Item>
      <StorageItem><sasd:AddressOnParent>0</sasd:AddressOnParent><sasd:HostResource>/disk/vmdisk2</sasd:HostResource>
        <sasd:InstanceID>7</sasd:InstanceID><sasd:Parent>4</sasd:Parent><sasd:ResourceType>17</sasd:ResourceType></StorageItem>
      <StorageItem><sasd:AddressOnParent>1</sasd:AddressOnParent><sasd:HostResource>/disk/vmdisk1</sasd:HostResource>
        <sasd:InstanceID>8</sasd:InstanceID><sasd:Parent>3</sasd:Parent><sasd:ResourceType>17</sasd:ResourceType></StorageItem>
      <EthernetPortItem><epasd:InstanceID>9</epasd:InstanceID><epasd:ResourceSubType>E1000</epasd:ResourceSubType>
        <epasd:ResourceType>10</epasd:ResourceType></EthernetPortItem>
    </VirtualHardwareSection>
    <vbox:Machine ovf:required="false" name="desk"><ovf:Info>VirtualBox</ovf:Info><Hardware><Firmware type="BIOS"/></Hardware></vbox:Machine>
  </VirtualSystem>
</Envelope>`

function map(text: string) {
  const descriptor = parseDescriptor(Buffer.from(text))
  const machine = mapMachine(descriptor.items, descriptor.firmware)
  const { drives, notes } = mapDrives(descriptor)
  return { eula: descriptor.eula, hardware: machine.hardware, drives, notes: [...machine.notes, ...notes, ...descriptor.notes] }
}

/** With another text in place of one that is there. */
function altered(text: string, from: string | RegExp, to: string): string {
  const changed = text.replace(from, to)
  if (changed === text) throw new Error(`the descriptor has no ${from}`)
  return changed
}

describe('a descriptor', () => {
  it('of VMware becomes hardware, disks in the order of their addresses, an EULA, and notes on the rest', () => {
    expect(map(vmware)).toEqual({
      eula: 'Be <kind>.',
      hardware: { firmware: 'bios', chipset: 'i440fx', cpus: 2, memoryMiB: 2048, video: 'std', network: { model: 'e1000' } },
      drives: [
        { name: 'system', file: 'web-disk1.vmdk', controller: 'ide' },
        { name: 'disk2', file: 'web data.vmdk', controller: 'ide' },
      ],
      notes: [
        '`Network 1` is of the model `VmxNet3`; an `e1000` is given',
        '`Network 2` is left out: a package has one network card',
        '`CD drive 1` is left out: a CD drive',
        '`Hard disk 1` is attached to IDE in place of SCSI (`lsilogic`)',
        '`Hard disk 2` is attached to IDE in place of SCSI (`lsilogic`)',
        'its properties are left out, and its guest is given none: `hostname`',
        'settings of VMware are left out: `nvram`',
      ],
    })
  })

  it('of VirtualBox, of OVF 2, has its disks in the order of their controllers', () => {
    expect(map(virtualBox)).toEqual({
      eula: null,
      hardware: { firmware: 'bios', chipset: 'i440fx', cpus: 1, memoryMiB: 512, video: 'std', network: { model: 'e1000' } },
      drives: [
        { name: 'system', file: 'desk-disk001.vmdk', controller: 'ide' },
        { name: 'disk2', file: 'desk-disk002.vmdk', controller: 'ide' },
      ],
      notes: ['`sound` is left out: a sound card', "VirtualBox's own description of the machine is left out"],
    })
  })

  it('has a UEFI where it says EFI, in either way of saying it', () => {
    expect(map(altered(vmware, 'vmw:value="bios"', 'vmw:value="efi"')).hardware.firmware).toBe('uefi')
    expect(map(altered(virtualBox, 'type="BIOS"', 'type="EFI"')).hardware.firmware).toBe('uefi')
  })

  it('keeps its SATA disks, and has its sections that are not known left out, each with a note', () => {
    const sata = altered(virtualBox, /PIIX4<\/rasd:ResourceSubType>\s*<rasd:ResourceType>5/g, 'AHCI</rasd:ResourceSubType><rasd:ResourceType>20')
    const { drives, notes } = map(altered(sata, '<VirtualHardwareSection>', '<StartupSection/><VirtualHardwareSection>'))
    expect(drives.map(({ file, controller }) => [file, controller])).toEqual([
      ['desk-disk001.vmdk', 'sata'],
      ['desk-disk002.vmdk', 'sata'],
    ])
    expect(notes).toEqual([
      '`sound` is left out: a sound card',
      'its section `StartupSection` is left out',
      "VirtualBox's own description of the machine is left out",
    ])
  })

  it('keeps virtio, and has no network card when it names none', () => {
    const virtio = altered(altered(virtualBox, 'E1000', 'virtio'), /PIIX4/g, 'virtio')
    expect(map(virtio)).toMatchObject({ hardware: { network: { model: 'virtio' } }, drives: [{ controller: 'virtio' }, { controller: 'virtio' }] })
    expect(map(altered(virtualBox, /<EthernetPortItem>[\s\S]*<\/EthernetPortItem>/, '')).hardware.network).toBeNull()
  })

  const memories: readonly [string, string, number][] = [
    ['byte * 2^30', '2', 2048],
    ['GigaBytes', '2', 2048],
    ['byte*2^10', '131072', 128],
    ['bytes', '134217728', 128],
  ]
  it.each(memories)('measures memory in %s', (units, quantity, memoryMiB) => {
    expect(map(altered(altered(virtualBox, 'MegaBytes', units), '512', quantity)).hardware.memoryMiB).toBe(memoryMiB)
  })

  it('takes the items of its default configuration, and tells which one that is', () => {
    const options =
      '<DeploymentOptionSection><Configuration ovf:id="small"/><Configuration ovf:id="big" ovf:default="true"/></DeploymentOptionSection>'
    const item = (configuration: string, cpus: number) =>
      `<Item ovf:configuration="${configuration}"><rasd:InstanceID>1</rasd:InstanceID><rasd:ResourceType>3</rasd:ResourceType>
        <rasd:VirtualQuantity>${cpus}</rasd:VirtualQuantity></Item></VirtualHardwareSection>`
    const withOptions = altered(vmware, '<VirtualSystem', `${options}<VirtualSystem`)
    const both = altered(withOptions, '</VirtualHardwareSection>', item('big huge', 8))
    expect(map(both)).toMatchObject({ hardware: { cpus: 8 } })
    expect(map(both).notes).toContain("of the appliance's configurations `big` is taken")
    expect(map(altered(withOptions, '</VirtualHardwareSection>', item('small', 8))).hardware.cpus).toBe(2)
  })

  it('in a collection of one system is that system', () => {
    const inner = altered(altered(vmware, '<VirtualSystem ', '<VirtualSystemCollection ovf:id="all"><VirtualSystem '), '</Envelope>', '')
    const collection = `${inner}</VirtualSystemCollection></Envelope>`
    expect(map(collection)).toEqual(map(vmware))
    const two = altered(collection, '</VirtualSystemCollection>', '<VirtualSystem ovf:id="db"/></VirtualSystemCollection>')
    expect(() => map(two)).toThrow(expect.objectContaining({ code: 'appliance-unsupported' }))
  })

  it('writes no control characters into notes', () => {
    const notes = map(altered(vmware, 'CD drive 1', 'CD &#x9b;31m&#x202e;')).notes
    expect(notes).toContain('`CD ?31m?` is left out: a CD drive')
  })
})

describe('a descriptor is refused', () => {
  const cases: readonly [string, string, string, string | RegExp, string][] = [
    ['with a firmware of VMware that is not known', 'appliance-unsupported', vmware, 'vmw:value="bios"', 'vmw:value="openboot"'],
    ['with a UEFI of 32 bits', 'appliance-unsupported', virtualBox, 'type="BIOS"', 'type="EFI32"'],
    ['with a disk upon another one', 'appliance-unsupported', vmware, 'ovf:fileRef="file2"', 'ovf:fileRef="file2" ovf:parentRef="vmdisk1"'],
    ['with a disk without a file', 'appliance-unsupported', vmware, ' ovf:fileRef="file2"', ''],
    ['with a drive without a disk', 'appliance-unsupported', vmware, '<rasd:HostResource>ovf:/disk/vmdisk2</rasd:HostResource>', ''],
    ['with a compressed file', 'appliance-unsupported', vmware, 'ovf:size="1234"', 'ovf:compression="gzip"'],
    ['with a file in pieces', 'appliance-unsupported', vmware, 'ovf:size="1234"', 'ovf:chunkSize="1000"'],
    ['with too much memory', 'appliance-unsupported', vmware, '2048', '99999999'],
    ['without a disk', 'appliance-unsupported', vmware, /<Item>(?:(?!<Item)[\s\S])*<rasd:HostResource>[\s\S]*?<\/Item>/g, ''],
    ['with a file of a URL', 'appliance-refers-elsewhere', vmware, 'web-disk1.vmdk', 'https://example.org/disk.vmdk'],
    ['with a file of a path', 'appliance-refers-elsewhere', vmware, 'web-disk1.vmdk', '../disk.vmdk'],
    ['with a file of a path that is escaped', 'appliance-refers-elsewhere', vmware, 'web-disk1.vmdk', '..%2Fdisk.vmdk'],
    ['with a document type', 'appliance-invalid', vmware, '<Envelope', '<!DOCTYPE Envelope [<!ENTITY kind "x">]><Envelope'],
    ['with an entity that XML does not know', 'appliance-invalid', vmware, '&lt;', '&kind;'],
    ['with elements too deep', 'appliance-invalid', vmware, '<Network ', `${'<a>'.repeat(70)}${'</a>'.repeat(70)}<Network `],
    ['that is too long', 'appliance-invalid', vmware, '<Network ', `<!--${' '.repeat(1_048_576)}--><Network `],
    ['that ends too early', 'appliance-invalid', vmware, '</Envelope>', ''],
    ['of another version', 'appliance-invalid', vmware, /envelope\/1/g, 'envelope/3'],
    ['with a unit of memory that is none', 'appliance-invalid', vmware, 'byte * 2^20', 'furlongs'],
    ['with an item id twice', 'appliance-invalid', vmware, '<rasd:InstanceID>11<', '<rasd:InstanceID>10<'],
    ['with a disk id twice', 'appliance-invalid', vmware, 'diskId="vmdisk2"', 'diskId="vmdisk1"'],
    ['with a quantity that is no number', 'appliance-invalid', vmware, '>2048<', '>2e3<'],
    ['with a disk of a file that is not there', 'appliance-invalid', vmware, 'fileRef="file2"', 'fileRef="file9"'],
    ['with a drive of a disk that is not there', 'appliance-invalid', vmware, 'ovf:/disk/vmdisk2', 'ovf:/disk/vmdisk9'],
    ['without hardware', 'appliance-invalid', vmware, /<VirtualHardwareSection>[\s\S]*<\/VirtualHardwareSection>/, ''],
    ['without a system', 'appliance-invalid', vmware, /<VirtualSystem [\s\S]*<\/VirtualSystem>/, ''],
  ]
  it.each(cases)('%s, %s', (_, code, text, from, to) => {
    expect(() => map(altered(text, from, to))).toThrow(expect.objectContaining({ code }))
  })

  it('in another encoding than UTF-8, appliance-invalid', () => {
    expect(() => parseDescriptor(Buffer.from(vmware, 'utf16le'))).toThrow(expect.objectContaining({ code: 'appliance-invalid' }))
  })

  it('with five disks on IDE, and is not with four', () => {
    const disk = (id: number) =>
      `<Item><rasd:HostResource>/disk/vmdisk1</rasd:HostResource><rasd:InstanceID>${id}</rasd:InstanceID><rasd:ResourceType>17</rasd:ResourceType></Item>`
    const withMore = (...ids: readonly number[]) => altered(vmware, '</VirtualHardwareSection>', `${ids.map(disk).join('')}</VirtualHardwareSection>`)
    expect(map(withMore(20, 21)).drives).toHaveLength(4)
    expect(() => map(withMore(20, 21, 22))).toThrow(expect.objectContaining({ code: 'appliance-unsupported' }))
  })
})
