// SPDX-License-Identifier: Apache-2.0
//
// An appliance sealed by the command line, with a disk that qemu-img made.
import { execFileSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { admin, makeKey, makeWorkplace, type Outcome, sealArguments, type Workplace } from './admin.ts'

const item = (fields: Readonly<Record<string, string | number>>) =>
  `<Item>${Object.entries(fields)
    .map(([name, value]) => `<rasd:${name}>${value}</rasd:${name}>`)
    .join('')}</Item>`

const descriptor = `<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"
  xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData">
<References><File ovf:id="f1" ovf:href="web-disk1.vmdk"/><File ovf:id="f2" ovf:href="web-disk2.img"/></References>
<DiskSection><Disk ovf:diskId="d1" ovf:fileRef="f1"/><Disk ovf:diskId="d2" ovf:fileRef="f2"/></DiskSection>
<VirtualSystem ovf:id="web"><EulaSection><License>Be kind.</License></EulaSection><VirtualHardwareSection>
${item({ InstanceID: 1, ResourceType: 3, VirtualQuantity: 1 })}
${item({ AllocationUnits: 'byte * 2^20', InstanceID: 2, ResourceType: 4, VirtualQuantity: 256 })}
${item({ Address: 0, InstanceID: 3, ResourceSubType: 'PIIX4', ResourceType: 5 })}
${item({ InstanceID: 4, ResourceSubType: 'virtio', ResourceType: 20 })}
${item({ AddressOnParent: 0, ElementName: 'disk1', HostResource: '/disk/d1', InstanceID: 5, Parent: 3, ResourceType: 17 })}
${item({ AddressOnParent: 0, ElementName: 'disk2', HostResource: '/disk/d2', InstanceID: 6, Parent: 4, ResourceType: 17 })}
${item({ ElementName: 'net', InstanceID: 7, ResourceSubType: 'E1000', ResourceType: 10 })}
${item({ ElementName: 'usb', InstanceID: 8, ResourceType: 23 })}
</VirtualHardwareSection></VirtualSystem></Envelope>`

interface AppliancePlace extends Workplace {
  readonly seal: (...more: readonly string[]) => Promise<Outcome>
}

const members = ['web.ovf', 'web.mf', 'web-disk1.vmdk', 'web-disk2.img']

/** The disks of the workplace as an appliance, with its manifest, as `web.ova`. */
async function makeAppliance(): Promise<AppliancePlace> {
  const place = await makeWorkplace()
  const { at, folder } = place
  await makeKey(place)
  execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', 'vmdk', '-o', 'subformat=streamOptimized', at('system.img'), at('web-disk1.vmdk')])
  await rename(at('user.img'), at('web-disk2.img'))
  await writeFile(at('web.ovf'), descriptor)
  const lines = members.filter((name) => name !== 'web.mf').map(async (name) => `SHA256(${name})= ${hash('sha256', await readFile(at(name)))}\n`)
  await writeFile(at('web.mf'), (await Promise.all(lines)).join(''))
  execFileSync('tar', ['-cf', 'web.ova', ...members], { cwd: folder })
  const common = ['--store', at('store'), '--org-key', at('org.key'), '--passphrase-file', at('passphrase'), '--out', at('out'), '--json']
  return {
    ...place,
    seal: (...more) => admin(['seal', '--name', 'web', '--version', '1', ...common, ...more]),
  }
}

const manifestIn = async ({ at }: Workplace, out: string) => JSON.parse(await readFile(at(out, 'manifest.json'), 'utf8'))

describe('casemate-admin seal --appliance', () => {
  it('seals an OVA into the package of its disks, with hardware, licence, roles and notes, and refuses it once a byte in it is another', async () => {
    const place = await makeAppliance()
    const { at } = place
    const ova = await place.seal('--appliance', at('web.ova'), '--role', 'disk2=system')
    expect(ova.code).toBe(0)
    expect(JSON.parse(ova.stdout).notes.filter(({ code }: { code: string }) => code === 'appliance')).toEqual([
      { code: 'appliance', message: '`usb` is left out: a USB controller' },
      { code: 'appliance', message: 'its licence becomes the EULA of the package' },
    ])
    expect(ova.stderr).toContain('note: `usb` is left out: a USB controller\n')
    expect(ova.stderr).toMatch(/^checked .*\/s$/m)
    const manifest = await manifestIn(place, 'out')
    expect(manifest.hardware).toMatchObject({ cpus: 1, memoryMiB: 256, network: { model: 'e1000' } })
    expect(manifest.disks).toMatchObject([
      { name: 'system', role: 'system', controller: 'ide' },
      { name: 'disk2', role: 'system', controller: 'virtio', size: 65_536 },
    ])
    const { sha256 } = manifest.eula
    expect(await readFile(at('store', sha256.slice(0, 2), sha256), 'utf8')).toBe('Be kind.')

    // The same disks given raw: every chunk is known, and only the two root pages, under a key of their own, are new.
    const raw = sealArguments(place).map((word) => word.replace(at('user.img'), at('web-disk2.img')).replace(at('out'), at('raw')))
    const { stats } = JSON.parse((await admin([...raw, '--json'])).stdout)
    expect([stats.reusedChunks, stats.newObjects]).toEqual([stats.chunks, 2])
    expect((await manifestIn(place, 'raw')).disks.map(({ size }: { size: number }) => size)).toEqual(
      manifest.disks.map(({ size }: { size: number }) => size),
    )

    await Promise.all(['out', 'store'].map((folder) => rm(at(folder), { recursive: true })))
    const file = await open(at('web.ova'), 'r+')
    const offset = (await readFile(at('web.ova'))).indexOf(await readFile(at('web-disk1.vmdk'))) + 200_000
    const byte = Buffer.alloc(1)
    await file.read(byte, 0, 1, offset)
    byte.writeUInt8(byte.readUInt8() ^ 1)
    await file.write(byte, 0, 1, offset)
    await file.close()
    const { code, stdout } = await place.seal('--appliance', at('web.ova'))
    expect([code, JSON.parse(stdout).error.code]).toEqual([1, 'appliance-digest'])
    const left = await readdir(place.folder, { recursive: true })
    expect(left.filter((path) => /^(out|store)\/./.test(path))).toEqual([])
  })
})
