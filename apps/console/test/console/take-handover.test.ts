// SPDX-License-Identifier: Apache-2.0
//
// Objects that come back out of a hand-over, and what is not taken.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checkStore } from '@casemate/vm-package/fsck'
import { formatHead } from '@casemate/vm-package/handover-head'
import { unwrapPackageKey } from '@casemate/vm-package/keys'
import { manifestSha256, openManifest } from '@casemate/vm-package/manifest'
import { openFolderStore } from '@casemate/vm-package/store'
import { expect, it } from 'vitest'
import { gatherHandover, type Handover } from '../../src/handover/gather.ts'
import { takeHandover } from '../../src/handover/take-handover.ts'
import { writeHandover } from '../../src/handover/write-handover.ts'
import { readPackage } from '../../src/packages/read.ts'
import { operator, publishDesktop, startWorld, type World } from './world.ts'

async function worldWithHandover() {
  const world = await startWorld()
  const { sha256: published } = await publishDesktop(world)
  const { console, data } = world
  const { repository, objects: store, keys } = console
  const open = async (named: { readonly name: string; readonly version: string }) => {
    const { manifest, sealedKey } = await readPackage(operator, console, named)
    const sha256 = manifestSha256(manifest)
    return { manifest: openManifest(manifest, sha256), packageKey: unwrapPackageKey(keys.organisation, sealedKey, sha256) }
  }
  const handover = await gatherHandover({ repository, objects: store, desktop: 'office', serial: null, openPackage: open })
  const opened = await open({ name: handover.release.package.path.split('/')[1] ?? '', version: '1' })
  const openPackage = async (sha256: string) => {
    if (sha256 !== published) throw new Error('not known here')
    return opened
  }
  const file = join(data, 'office.tar')
  await writeHandover(file, handover, { store, partBytes: null })
  const isClean = async () => (await checkStore({ store, packages: [opened], repair: false })).problems.length === 0
  return { world, handover, store, file, openPackage, opened, isClean }
}

/** As {@link writeHandover} would write it if the package were less. */
async function writeWithout({ data, console }: World, handover: Handover, left: string): Promise<string> {
  const { release } = handover
  const objects = handover.objects.filter((name) => name !== left)
  const about = { desktop: 'office', serial: release.serial, release: 'releases/office/1.json', package: release.package.sha256 }
  const files = handover.files.map(({ name, bytes }) => ({ name, bytes: name === 'handover.json' ? formatHead({ ...about, objects }) : bytes }))
  const file = join(data, 'less.tar')
  await writeHandover(file, { ...handover, files, objects }, { store: console.objects, partBytes: null })
  return file
}

it('brings back what a store has lost, and leaves alone what it has', async () => {
  const { handover, store, file, openPackage, isClean } = await worldWithHandover()
  const lost = handover.objects.filter((_, at) => at % 2 === 0)
  for (const name of lost) await store.delete(name)
  expect(await isClean()).toBe(false)
  const taken = await takeHandover(file, { store, openPackage })
  expect(taken).toMatchObject({ desktop: 'office', serial: 1, objects: handover.objects.length, added: lost.length })
  expect(await isClean()).toBe(true)
  expect(await takeHandover(file, { store, openPackage })).toMatchObject({ added: 0, addedBytes: 0 })
})

it('takes nothing of a package that is not known, and all of it into an empty store of one that is', async () => {
  const { world, handover, file, openPackage } = await worldWithHandover()
  const empty = await openFolderStore(join(world.data, 'mirror'))
  const unknown = async () => {
    throw new Error('not known here')
  }
  await expect(takeHandover(file, { store: empty, openPackage: unknown })).rejects.toThrow('not known here')
  expect(await Array.fromAsync(empty.list())).toEqual([])
  expect(await takeHandover(file, { store: empty, openPackage })).toMatchObject({ added: handover.objects.length })
})

it('refuses by name what is cut off, altered, or lacks what the store lacks too, and puts nothing wrong', async () => {
  const { world, handover, store, file, openPackage, isClean } = await worldWithHandover()
  const bytes = await readFile(file)
  const [first = ''] = handover.objects
  await store.delete(first)
  const take = async (content: Uint8Array) => {
    await writeFile(`${file}.bad`, content)
    return await takeHandover(`${file}.bad`, { store, openPackage })
  }
  await expect(take(bytes.subarray(0, bytes.lastIndexOf('objects/')))).rejects.toMatchObject({ code: 'handover-incomplete' })
  await store.delete(first)
  const flipped = Buffer.from(bytes)
  const at = flipped.indexOf(`objects/${first}`) + 600
  flipped.writeUInt8(flipped.readUInt8(at) ^ 1, at)
  await expect(take(flipped)).rejects.toMatchObject({ code: 'object-altered' })
  expect(await store.has(first)).toBe(false)
  await expect(take(bytes.subarray(bytes.indexOf('objects/')))).rejects.toMatchObject({ code: 'handover-invalid' })
  await takeHandover(file, { store, openPackage })

  const less = await writeWithout(world, handover, first)
  expect(await takeHandover(less, { store, openPackage })).toMatchObject({ added: 0 })
  await store.delete(first)
  await expect(takeHandover(less, { store, openPackage })).rejects.toMatchObject({
    code: expect.stringMatching(/^(?:handover-incomplete|root-missing|page-missing)$/),
  })
  expect(await isClean()).toBe(false)
})
