// SPDX-License-Identifier: Apache-2.0
//
// A release by hand: written by the console, taken by the daemon, read through the door that session hosts use, with the console gone.
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { unwrapPackageKey } from '@casemate/vm-package/keys'
import { manifestSha256, openManifest } from '@casemate/vm-package/manifest'
import { openPackageDisk } from '@casemate/vm-package/read'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { gatherHandover } from '../../console/src/handover/gather.ts'
import { writeHandover } from '../../console/src/handover/write-handover.ts'
import { readPackage } from '../../console/src/packages/read.ts'
import { operator, publishDesktop, publishPackage, publishRelease, type World } from '../../console/test/console/world.ts'
import { readAccepted } from '../daemon/update/verified-copy.ts'
import { layoutOf } from '../layout.ts'
import { daemonOrigin } from '../session-host/daemon-origin.ts'
import { Computer, realWorld } from './computer.ts'

const timeout = 180_000

async function exportFrom(
  { console, data }: World,
  desktop = 'office',
  serial: number | null = null,
  partBytes: number | null = null,
): Promise<string> {
  const { repository, objects, keys } = console
  const openPackage = async (named: { readonly name: string; readonly version: string }) => {
    const { manifest, sealedKey } = await readPackage(operator, console, named)
    const sha256 = manifestSha256(manifest)
    return { manifest: openManifest(manifest, sha256), packageKey: unwrapPackageKey(keys.organisation, sealedKey, sha256) }
  }
  const handover = await gatherHandover({ repository, objects, desktop, serial, openPackage })
  const file = join(data, `${desktop}-${handover.release.serial}${partBytes === null ? '.tar' : ''}`)
  await writeHandover(file, handover, { store: objects, partBytes })
  return file
}

/** All of a disk, as a session host would read it. */
async function readDisk(computer: Computer, manifest: Uint8Array, packageKey: Uint8Array): Promise<Buffer> {
  const [disk] = openManifest(manifest, manifestSha256(manifest)).disks
  if (disk === undefined) throw new Error('expected a disk')
  const gone = new AbortController()
  onTestFinished(() => gone.abort())
  const device = await openPackageDisk({ disk, packageKey, origin: daemonOrigin(layoutOf(computer.data).objectSocket, gone.signal) })
  return await device.read(0, device.size)
}

const imports = (computer: Computer) => readdir(layoutOf(computer.data).imports).catch(() => [])
const take = (computer: Computer, path: string) => computer.call('import', { path })
const knowsOf = async (computer: Computer, desktop: string) =>
  await vi.waitFor(async () => expect((await computer.call('list', {})).desktops.map((view) => view.desktop)).toContain(desktop), 60_000)

describe('a release that comes by hand', () => {
  it('runs on an activated device from it alone, with the console gone, before and after a restart', { timeout }, async () => {
    const [world, computer] = [await realWorld(), await Computer.fresh()]
    const { sha256 } = await publishDesktop(world)
    await computer.enrol(world)
    await knowsOf(computer, 'office')
    await computer.call('activate', { desktop: 'office', presented: null, password: null })
    const file = await exportFrom(world)
    const content = await readFile(join(world.data, 'system-1.img'))
    await world.close()
    await computer.call('start', { instance: 'office', password: null })
    const packageKey = computer.hosts[0]?.keys.packageKey ?? new Uint8Array()
    const manifest = await readFile(layoutOf(computer.data).manifest(sha256))
    const unread = readDisk(computer, manifest, packageKey).then(() => 'read')
    expect(await Promise.race([unread, new Promise((resolve) => setTimeout(resolve, 500, 'waits'))])).toBe('waits')
    await expect(take(computer, file)).resolves.toEqual({ desktop: 'office', serial: 1, objects: expect.any(Number), metadataTaken: true })
    // What waited for its objects goes on by itself.
    expect(await unread).toBe('read')
    expect(await readDisk(computer, manifest, packageKey)).toEqual(content)
    await computer.stop()
    await computer.start()
    expect(await readDisk(computer, manifest, packageKey)).toEqual(content)
    expect(await take(computer, file)).toMatchObject({ serial: 1 })
    expect(await imports(computer)).toEqual([sha256])
  })

  it('is verified like what the console serves: a device that has seen nothing of it takes it, and nothing altered, cut or foreign', {
    timeout,
  }, async () => {
    const [world, computer] = [await realWorld(), await Computer.fresh()]
    await computer.enrol(world)
    await computer.stop()
    const { sha256, object } = await publishDesktop(world)
    const file = await exportFrom(world)
    await world.close()
    await computer.start()
    const { update } = layoutOf(computer.data)
    const before = await readAccepted(update)
    const bytes = await readFile(file)
    const bad = `${file}.bad`
    const refused = async (content: Uint8Array, code: string) => {
      await writeFile(bad, content)
      await expect(take(computer, bad)).rejects.toMatchObject({ code })
      expect([await imports(computer), await readAccepted(update)]).toEqual([[], before])
    }
    const flipped = (marker: string, offset: number) => {
      const copy = Buffer.from(bytes)
      const at = copy.indexOf(marker) + offset
      copy.writeUInt8(copy.readUInt8(at) ^ 1, at)
      return copy
    }
    await refused(flipped(`objects/${object}`, 600), 'object-altered')
    await refused(bytes.subarray(0, bytes.indexOf(`objects/${object}`) + 600), 'handover-incomplete')
    await refused(bytes.subarray(0, bytes.lastIndexOf('objects/')), 'handover-incomplete')
    await refused(Buffer.alloc(4096, 'no tar '), 'handover-invalid')
    const forged = Buffer.from(bytes)
    const signature = forged.indexOf('"sig":"', forged.indexOf('metadata/timestamp.json')) + 7
    forged.write(forged.toString('latin1', signature, signature + 1) === '0' ? '1' : '0', signature)
    await refused(forged, 'threshold-not-met')
    await expect(take(computer, `${file}.none`)).rejects.toMatchObject({ code: 'handover-unreadable' })
    await expect(take(computer, file)).resolves.toMatchObject({ serial: 1, metadataTaken: true })
    expect(await imports(computer)).toEqual([sha256])
    expect((await readAccepted(update)).versions.timestamp).toBeGreaterThan(before.versions.timestamp)
    expect((await readAccepted(update)).targets.map(({ path }) => path)).toContain('releases/office/1.json')
  })

  it('comes in parts too, and is not taken while one of them is missing, cut, in the place of another or of another export', {
    timeout,
  }, async () => {
    const [world, computer] = [await realWorld(), await Computer.fresh()]
    await computer.enrol(world)
    const { sha256, object } = await publishDesktop(world)
    const [whole, folder] = [await exportFrom(world), await exportFrom(world, 'office', 1, 16_384)]
    await world.close()
    const names = (await readdir(folder)).sort()
    const [first = '', second = '', ...more] = names
    expect([first, more.length > 0]).toEqual([`part-0001-of-${String(names.length).padStart(4, '0')}`, true])
    const parts = await Promise.all(names.map((name) => readFile(join(folder, name))))
    expect(Buffer.concat(parts)).toEqual(await readFile(whole))
    const [one = Buffer.alloc(0), two = Buffer.alloc(0)] = parts

    const { update } = layoutOf(computer.data)
    const before = await readAccepted(update)
    const refused = async (code: string, damage: () => Promise<unknown>, named = '') => {
      await damage()
      await expect(take(computer, folder)).rejects.toMatchObject({ code, message: expect.stringContaining(named) })
      expect([await imports(computer), await readAccepted(update)]).toEqual([[], before])
      for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true })
      for (const [at, name] of names.entries()) await writeFile(join(folder, name), parts[at] ?? '')
    }
    await refused('handover-incomplete', () => rm(join(folder, second)), `part 2 of ${names.length}`)
    await refused('handover-incomplete', () => writeFile(join(folder, first), one.subarray(0, 16_000)), first)
    await refused('handover-incomplete', () => writeFile(join(folder, names.at(-1) ?? ''), ''))
    await refused('handover-invalid', async () => {
      await writeFile(join(folder, first), two)
      await writeFile(join(folder, second), one)
    })
    await refused('handover-invalid', () => writeFile(join(folder, 'part-0001-of-0009'), one), 'several exports')
    const [, , third = Buffer.alloc(0), fourth = Buffer.alloc(0)] = parts
    // Where objects begin depends on their names, which no two runs share.
    await refused(expect.stringMatching(/^(?:object-altered|handover-invalid|handover-incomplete)$/), async () => {
      await writeFile(join(folder, names[2] ?? ''), fourth)
      await writeFile(join(folder, names[3] ?? ''), third)
    })
    const at = Buffer.concat(parts).indexOf(`objects/${object}`) + 600
    const altered = Buffer.from(parts[Math.floor(at / 16_384)] ?? '')
    altered.writeUInt8(altered.readUInt8(at % 16_384) ^ 1, at % 16_384)
    await refused('object-altered', () => writeFile(join(folder, names[Math.floor(at / 16_384)] ?? ''), altered))
    await refused('handover-invalid', () => Promise.all(names.map((name) => rm(join(folder, name)))))
    // What a computer leaves on a stick is no part.
    await writeFile(join(folder, '.DS_Store'), 'else')
    await expect(take(computer, folder)).resolves.toMatchObject({ serial: 1 })
    expect(await imports(computer)).toEqual([sha256])
  })

  it('is refused when it is older than what the device has seen, unless the device holds it as approved', { timeout }, async () => {
    const [world, computer] = [await realWorld(), await Computer.fresh()]
    await publishDesktop(world)
    const first = await exportFrom(world)
    await computer.enrol(world)
    await knowsOf(computer, 'office')
    await publishRelease(world, '1', '1', 'other')
    const other = await exportFrom(world, 'other')
    await publishPackage(world, '2')
    await publishRelease(world, '1', '2')
    await vi.waitFor(async () => expect((await computer.call('list', {})).desktops[0]?.serial).toBe(2), 60_000)
    const second = await exportFrom(world)
    const seen = async () => (await readAccepted(layoutOf(computer.data).update)).versions.timestamp
    const before = await seen()
    await publishRelease(world, '1', '1', 'other')
    await vi.waitFor(async () => expect(await seen()).toBeGreaterThan(before), 60_000)
    await world.close()
    await expect(take(computer, first)).rejects.toMatchObject({ code: 'handover-older' })
    // Its release is new to the device, its metadata is not.
    await expect(take(computer, other)).rejects.toMatchObject({ code: 'rollback' })
    expect(await imports(computer)).toEqual([])
    await expect(take(computer, second)).resolves.toMatchObject({ serial: 2, metadataTaken: false })
    expect(await imports(computer)).toHaveLength(1)
  })
})

describe('writing a hand-over', () => {
  it('ends where an object is missing or altered, and leaves no file', { timeout }, async () => {
    const world = await realWorld()
    await publishDesktop(world)
    const objects = []
    for await (const object of world.console.objects.list()) objects.push(object)
    // The largest is a chunk, which only its own hash can tell to be altered.
    const { name = '' } = objects.sort((one, other) => other.size - one.size)[0] ?? {}
    const path = join(world.console.layout.objects, name.slice(0, 2), name)
    const whole = await readFile(path)
    const altered = Buffer.from(whole)
    altered.writeUInt8(altered.readUInt8(20) ^ 1, 20)
    await writeFile(path, altered)
    await expect(exportFrom(world)).rejects.toMatchObject({ code: 'object-altered', subject: { object: name } })
    await rm(path)
    await expect(exportFrom(world)).rejects.toMatchObject({ code: 'object-missing', subject: { object: name } })
    const left = (await readdir(world.data)).filter((file) => file.endsWith('.tar') || file.startsWith('.'))
    expect(left).toEqual([])
    await expect(exportFrom(world, 'office', 2)).rejects.toMatchObject({ code: 'not-found' })
    await writeFile(path, whole)
    await expect(exportFrom(world)).resolves.toMatch(/office-1\.tar$/)
  })
})
