// SPDX-License-Identifier: Apache-2.0
//
// Appliances of real images: sealed where they lie into the package of the raw disks, and refused when a file is missing, another or
// elsewhere.
import { execFileSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { copyFile, mkdtemp, open, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { openAppliance } from '../src/appliance/open.ts'
import { openManifest } from '../src/manifest.ts'
import { type SealDisk, sealPackage } from '../src/seal.ts'
import { openDiskSource } from '../src/source/open-source.ts'
import { openFolderStore } from '../src/store/folder-store.ts'
import { hardware, mixedDisk, orgKey, temporaryFolder } from './disks.ts'

const images = ['a.vmdk', 'b.img', 'c.img.gz'] as const

const drive = (at: number) =>
  `<Item><rasd:HostResource>/disk/d${at}</rasd:HostResource><rasd:InstanceID>1${at}</rasd:InstanceID><rasd:ResourceType>17</rasd:ResourceType></Item>`

const descriptor = `<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"
  xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData">
<References>${images.map((name, at) => `<File ovf:id="f${at}" ovf:href="${name}"/>`).join('')}</References>
<DiskSection>${images.map((_, at) => `<Disk ovf:diskId="d${at}" ovf:fileRef="f${at}"/>`).join('')}</DiskSection>
<VirtualSystem><VirtualHardwareSection>
<Item><rasd:InstanceID>1</rasd:InstanceID><rasd:ResourceType>3</rasd:ResourceType><rasd:VirtualQuantity>1</rasd:VirtualQuantity></Item>
<Item><rasd:AllocationUnits>MegaBytes</rasd:AllocationUnits><rasd:InstanceID>2</rasd:InstanceID><rasd:ResourceType>4</rasd:ResourceType>
<rasd:VirtualQuantity>128</rasd:VirtualQuantity></Item>${images.map((_, at) => drive(at)).join('')}
</VirtualHardwareSection></VirtualSystem></Envelope>`

interface Place {
  readonly at: (name: string) => string
  /** A raw disk, most of it a hole, which each image holds. */
  readonly raw: string
  /** All files, or those named, as `web.ova`. */
  readonly pack: (...names: readonly string[]) => string
}

let made: string

beforeAll(async () => {
  made = await mkdtemp(join(tmpdir(), 'casemate-appliance-'))
  const at = (name: string) => join(made, name)
  await writeFile(at('disk.raw'), mixedDisk())
  await truncate(at('disk.raw'), 8_388_608)
  execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', 'vmdk', '-o', 'subformat=streamOptimized', at('disk.raw'), at('a.vmdk')])
  await copyFile(at('disk.raw'), at('b.img'))
  await writeFile(at('c.img.gz'), gzipSync(await readFile(at('disk.raw'))))
  await writeFile(at('web.ovf'), descriptor)
  const lines = ['web.ovf', ...images].map(async (name) => `SHA256(${name})= ${hash('sha256', await readFile(at(name)))}\n`)
  await writeFile(at('web.mf'), (await Promise.all(lines)).join(''))
  return () => rm(made, { recursive: true, force: true })
})

/** The files, to be spoilt. */
async function prepare(): Promise<Place> {
  const folder = await temporaryFolder()
  const at = (name: string) => join(folder, name)
  execFileSync('cp', ['-r', '--sparse=always', `${made}/.`, folder])
  const pack = (...names: readonly string[]) => {
    execFileSync('tar', ['-cf', 'web.ova', ...(names.length > 0 ? names : ['web.ovf', 'web.mf', ...images])], { cwd: folder })
    return at('web.ova')
  }
  return { at, raw: at('disk.raw'), pack }
}

/** Roots of the disks; two seals of the same bytes under the same names and keys have the same. */
async function rootsOf(disks: readonly SealDisk[]): Promise<readonly string[]> {
  const store = await openFolderStore(join(await temporaryFolder(), 'store'))
  const packageKey = new Uint8Array(32).fill(3)
  const sealed = await sealPackage({ name: 'a', version: '1', createdAt: '2026-01-31T12:00:00Z', hardware, disks, orgKey, packageKey, store })
  return openManifest(sealed.manifest, sealed.sha256).disks.map(({ root }) => root)
}

/** Opens, checks the digests and closes. Returns the notes. */
async function check(path: string): Promise<readonly string[]> {
  const appliance = await openAppliance(path)
  try {
    await appliance.checkDigests(() => undefined)
    return appliance.notes.filter((note) => !note.includes('attached to IDE'))
  } finally {
    await appliance.close()
  }
}

async function flipByte(path: string, position: number): Promise<void> {
  const file = await open(path, 'r+')
  const byte = Buffer.alloc(1)
  await file.read(byte, 0, 1, position)
  byte.writeUInt8(byte.readUInt8() ^ 1)
  await file.write(byte, 0, 1, position)
  await file.close()
}

describe('an appliance', () => {
  it('as OVA and as OVF is sealed as the raw disks that it holds', async () => {
    const { at, raw, pack } = await prepare()
    const asDisks = (['system', 'disk2', 'disk3'] as const).map((name, place) => ({
      name,
      role: place === 0 ? ('system' as const) : ('user' as const),
      controller: 'ide' as const,
      path: raw,
    }))
    const expected = await rootsOf(asDisks)
    for (const path of [pack(), at('web.ovf')]) {
      const appliance = await openAppliance(path)
      const told: (readonly [number, number])[] = []
      await appliance.checkDigests((...progress) => told.push(progress))
      expect(told.at(-1)?.[0]).toBe(told.at(-1)?.[1])
      expect(appliance.disks.map(({ name, role, controller }) => ({ name, role, controller, path: raw }))).toEqual(asDisks)
      expect(await rootsOf(appliance.disks)).toEqual(expected)
      await appliance.close()
    }
  })

  it('has the holes of a raw disk in it known, not read', async () => {
    const { at, pack } = await prepare()
    execFileSync('cp', ['--sparse=always', pack(), at('sparse.ova')])
    const appliance = await openAppliance(at('sparse.ova'))
    const source = await openDiskSource(appliance.disks[1]?.image ?? '')
    expect(await source.extent(4_194_304, 2_097_152)).toEqual({ length: 2_097_152, zero: true })
    expect(await source.extent(0, 4096)).toMatchObject({ zero: false })
    await source.close()
    await appliance.close()
  })

  it('is refused when a byte of a disk in it is another, appliance-digest, and is not as it was', async () => {
    const { at, pack } = await prepare()
    const ova = pack()
    expect(await check(ova)).toEqual([])
    const position = (await readFile(ova)).indexOf(await readFile(at('a.vmdk'))) + 100_000
    await flipByte(ova, position)
    await expect(check(ova)).rejects.toMatchObject({ code: 'appliance-digest' })
    await flipByte(ova, position)
    expect(await check(ova)).toEqual([])
  })

  it('is refused when it changes between the check and the seal, source-changed', async () => {
    const { pack } = await prepare()
    const ova = pack()
    const appliance = await openAppliance(ova)
    await appliance.checkDigests(() => undefined)
    await flipByte(ova, 100_000)
    await expect(rootsOf(appliance.disks)).rejects.toMatchObject({ code: 'source-changed' })
    await appliance.close()
  })

  it('without a manifest, or with a signature or a file of no use, has notes', async () => {
    const { at, pack } = await prepare()
    expect(await check(pack('web.ovf', ...images))).toEqual(['it has no manifest (`.mf`): nothing tells whether its files are whole'])
    await writeFile(at('web.cert'), 'signature')
    await writeFile(at('more.txt'), 'more')
    const notes = await check(pack('web.ovf', 'web.mf', 'web.cert', ...images, 'more.txt'))
    expect(notes).toEqual(['its signature (`.cert`) is not checked', 'its file `more.txt` is left out'])
  })

  const spoilt: readonly [string, string, (place: Place) => Promise<string>][] = [
    ['whose manifest does not list a disk', 'appliance-digest', (place) => withManifest(place, /^.*b\.img.*\n/m)],
    ['whose manifest does not list the descriptor', 'appliance-digest', (place) => withManifest(place, /^.*web\.ovf.*\n/m)],
    ['whose manifest lists a file that is missing', 'appliance-digest', async ({ pack }) => pack('web.ovf', 'web.mf', 'a.vmdk', 'b.img')],
    ['without a file that it refers to', 'appliance-invalid', async ({ pack }) => pack('web.ovf', 'a.vmdk', 'b.img')],
    ['whose descriptor is not first', 'appliance-invalid', async ({ pack }) => pack('web.mf', 'web.ovf', ...images)],
    [
      'whose manifest has another name',
      'appliance-invalid',
      ({ at, pack }) => rename(at('web.mf'), at('w.mf')).then(() => pack('web.ovf', 'w.mf', ...images)),
    ],
    ['that is none', 'appliance-invalid', async ({ raw }) => raw],
    [
      'with a link beside its descriptor',
      'appliance-refers-elsewhere',
      async ({ at }) => {
        await rm(at('b.img'))
        await symlink(at('disk.raw'), at('b.img'))
        return at('web.ovf')
      },
    ],
    ['that is not there', 'source-unreadable', async ({ at }) => at('nowhere.ova')],
  ]
  it.each(spoilt)('%s is refused, %s', async (_, code, spoil) => {
    const place = await prepare()
    await expect(check(await spoil(place))).rejects.toMatchObject({ code })
  })

  async function withManifest({ at, pack }: Place, without: RegExp): Promise<string> {
    await writeFile(at('web.mf'), (await readFile(at('web.mf'), 'utf8')).replace(without, ''))
    return pack()
  }
})
