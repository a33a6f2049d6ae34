// SPDX-License-Identifier: Apache-2.0
//
// fsck, gc and diff on real stores: what each finds, what it leaves alone, and that neither a seal nor a kill can be hurt by it.
import { hash, randomBytes } from 'node:crypto'
import { mkdir, readdir, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openManifest } from '../src/manifest.ts'
import { claimForWriting } from '../src/store/claim.ts'
import { openFolderStore } from '../src/store/folder-store.ts'
import { collectGarbage } from '../src/upkeep/collect.ts'
import { diffPackages } from '../src/upkeep/diff.ts'
import { checkStore } from '../src/upkeep/fsck.ts'
import { namedObjects } from '../src/upkeep/reach.ts'
import { verifyPackage } from '../src/verify.ts'
import { contentOf, flipBit, mixedDisk, type Sealed, sealContent } from './disks.ts'
import { storeOver } from './store-over.ts'

const pathOf = (sealed: Sealed, name: string) => join(sealed.folder, 'store', name.slice(0, 2), name)
const packageOf = ({ manifest, sha256, packageKey }: Sealed) => ({ manifest: openManifest(manifest, sha256), packageKey })
const rootOf = (sealed: Sealed) => packageOf(sealed).manifest.disks[0]?.root ?? ''

async function namesIn({ store }: Pick<Sealed, 'store'>): Promise<readonly string[]> {
  const names: string[] = []
  for await (const { name } of store.list()) names.push(name)
  return names.sort()
}

/** The index page and a chunk of the package. */
async function innards(sealed: Sealed): Promise<{ readonly page: string; readonly chunk: string }> {
  const named = new Set(namedObjects(packageOf(sealed).manifest).map(({ name }) => name))
  const names = (await namesIn(sealed)).filter((name) => !named.has(name))
  for (const page of names) {
    await flipBit(pathOf(sealed, page), 100)
    const { problems } = await verifyPackage({ ...packageOf(sealed), store: sealed.store })
    await flipBit(pathOf(sealed, page), 100)
    if (problems[0]?.code === 'page-altered') return { page, chunk: names.find((name) => name !== page) ?? '' }
  }
  throw new Error('the package has no page')
}

async function makeOld(sealed: Sealed): Promise<void> {
  for (const name of await namesIn(sealed)) await utimes(pathOf(sealed, name), 1000, 1000)
}

const fsck = (sealed: Sealed, repair = false, packages = [packageOf(sealed)]) => checkStore({ store: sealed.store, packages, repair })
const owner = { package: 'accounting', version: '1.0.0', disk: 'system' }

describe('checkStore', () => {
  it('finds nothing wrong in an intact store, with keys and without', async () => {
    const sealed = await sealContent(mixedDisk(), { eula: Buffer.from('Be nice.') })
    const objects = (await namesIn(sealed)).length
    expect(await fsck(sealed)).toMatchObject({ objects: { objects }, unneeded: { objects: 0 }, problems: [], leftovers: [] })
    const keyless = [{ ...packageOf(sealed), packageKey: null }]
    expect(await checkStore({ store: sealed.store, packages: keyless, repair: false })).toMatchObject({
      objects: { objects },
      unneeded: null,
      problems: [],
    })
  })

  it('names each missing, truncated and altered object, and what it belongs to', async () => {
    const sealed = await sealContent(mixedDisk())
    const { page, chunk } = await innards(sealed)
    const root = rootOf(sealed)
    for (const object of [root, page, chunk]) {
      await flipBit(pathOf(sealed, object), 100)
      expect((await fsck(sealed)).problems).toMatchObject([{ code: 'object-altered', object, owners: [owner], removed: false }])
      await flipBit(pathOf(sealed, object), 100)
    }
    const bytes = await sealed.store.get(chunk, 2_000_000)
    await truncate(pathOf(sealed, chunk), 4000)
    expect((await fsck(sealed)).problems).toMatchObject([{ code: 'object-truncated', object: chunk, owners: [owner] }])
    await writeFile(pathOf(sealed, chunk), Buffer.concat([bytes ?? Buffer.alloc(0), Buffer.of(0)]))
    expect((await fsck(sealed)).problems).toMatchObject([{ code: 'object-altered', object: chunk, owners: [owner] }])
    await rm(pathOf(sealed, chunk))
    expect((await fsck(sealed)).problems).toMatchObject([{ code: 'object-missing', object: chunk, owners: [owner] }])
    await writeFile(pathOf(sealed, chunk), bytes ?? '')
    expect((await fsck(sealed)).problems).toEqual([])
  })

  it('finds without any key what is altered, and roots and licences that are gone', async () => {
    const sealed = await sealContent(mixedDisk(), { eula: Buffer.from('Be nice.') })
    const { manifest } = packageOf(sealed)
    const { chunk } = await innards(sealed)
    const keyless = () => checkStore({ store: sealed.store, packages: [{ manifest, packageKey: null }], repair: false })
    expect((await keyless()).problems).toEqual([])
    await truncate(pathOf(sealed, chunk), 4000)
    expect((await keyless()).problems).toMatchObject([{ code: 'object-altered', object: chunk, owners: [] }])
    for (const object of [rootOf(sealed), manifest.eula?.sha256 ?? '']) await rm(pathOf(sealed, object))
    expect((await keyless()).problems.map(({ code }) => code).sort()).toEqual(['object-altered', 'object-missing', 'object-missing'])
  })

  it('says that a key of another package opens nothing here', async () => {
    const sealed = await sealContent(mixedDisk())
    const wrong = { ...packageOf(sealed), packageKey: new Uint8Array(32) }
    expect((await fsck(sealed, false, [wrong])).problems).toMatchObject([{ code: 'root-altered', object: rootOf(sealed), owners: [owner] }])
    expect((await fsck(sealed)).problems).toEqual([])
  })

  it('counts what no given package needs, and shows what a broken put has left, without calling either wrong', async () => {
    const sealed = await sealContent(mixedDisk())
    const stray = randomBytes(50)
    await sealed.store.put(hash('sha256', stray, 'hex'), stray)
    await mkdir(join(sealed.folder, 'store', '.partial'), { recursive: true })
    await writeFile(join(sealed.folder, 'store', '.partial', 'half'), 'half an object')
    expect(await fsck(sealed)).toMatchObject({ unneeded: { objects: 1, bytes: 50 }, problems: [], leftovers: [{ id: 'half', bytes: 14 }] })
  })

  it('changes nothing, and removes what is altered only when it is to repair, so that the next seal stores it again', async () => {
    const sealed = await sealContent(mixedDisk())
    const { chunk } = await innards(sealed)
    const before = await namesIn(sealed)
    await flipBit(pathOf(sealed, chunk), 100)
    await fsck(sealed)
    expect(await namesIn(sealed)).toEqual(before)
    const again = () => sealContent(sealed.content, { store: sealed.store })
    await again()
    expect((await fsck(sealed)).problems).toMatchObject([{ code: 'object-altered' }])
    expect((await fsck(sealed, true)).problems).toMatchObject([{ code: 'object-altered', object: chunk, removed: true }])
    expect((await fsck(sealed)).problems).toMatchObject([{ code: 'object-missing', object: chunk }])
    await again()
    expect((await fsck(sealed)).problems).toEqual([])
  })

  it('does not repair beside a seal that runs, and looks at it all the same', async () => {
    const sealed = await sealContent(mixedDisk())
    const sealing = await claimForWriting(sealed.store)
    await expect(fsck(sealed, true)).rejects.toMatchObject({ code: 'store-busy' })
    expect((await fsck(sealed)).problems).toEqual([])
    await sealing.release()
    expect((await fsck(sealed, true)).problems).toEqual([])
  })
})

describe('collectGarbage', () => {
  const collect = (sealed: Sealed, packages: readonly Sealed[], change: { delete?: boolean; graceSeconds?: number } = {}) =>
    collectGarbage({ store: sealed.store, packages: packages.map(packageOf), graceSeconds: 3600, delete: true, ...change })

  /** Two packages in one store that share most of their objects, all of them old. */
  async function twoVersions(): Promise<{ readonly one: Sealed; readonly two: Sealed }> {
    const one = await sealContent(mixedDisk())
    const changed = Buffer.from(one.content)
    randomBytes(40_000).copy(changed, 4096 * 20)
    const two = { ...(await sealContent(changed, { store: one.store, version: '1.0.1' })), folder: one.folder }
    await makeOld(one)
    return { one, two }
  }

  it('deletes what no given package needs, and nothing of one that is given', async () => {
    const { one, two } = await twoVersions()
    const all = await namesIn(one)
    expect(await collect(one, [one, two])).toMatchObject({ needed: { objects: all.length }, unused: { objects: 0 } })
    expect(await namesIn(one)).toEqual(all)
    const dry = await collect(one, [two], { delete: false })
    expect(dry).toMatchObject({ deleted: false, young: { objects: 0 } })
    expect(dry.unused.objects).toBeGreaterThan(0)
    expect(await namesIn(one)).toEqual(all)
    expect(await collect(one, [two])).toEqual({ ...dry, deleted: true })
    expect((await namesIn(one)).length).toBe(all.length - dry.unused.objects)
    expect((await fsck(two)).problems).toEqual([])
    expect((await fsck(one)).problems.length).toBeGreaterThan(0)
  })

  it('leaves what is young: a seal that broke off finds it again', async () => {
    const { one, two } = await twoVersions()
    // What a seal puts again is young from then on, although it was there.
    await sealContent(one.content, { store: one.store, version: '1.0.2' })
    expect(await collect(one, [two])).toMatchObject({ unused: { objects: 1 } })
    await makeOld(one)
    expect((await collect(one, [two])).unused.objects).toBeGreaterThan(1)
    expect((await fsck(two)).problems).toEqual([])
  })

  it('deletes nothing while a seal runs, and the package that it makes is whole', async () => {
    const { one, two } = await twoVersions()
    const refusals: unknown[] = []
    const tries: Promise<unknown>[] = []
    const sealed = await sealContent(one.content, {
      store: one.store,
      version: '1.0.2',
      onProgress: () => void tries.push(collect(one, [two]).catch((error: unknown) => refusals.push(error))),
    })
    await Promise.all(tries)
    expect(tries.length).toBeGreaterThan(0)
    expect(refusals).toEqual(tries.map(() => expect.objectContaining({ code: 'store-busy' })))
    expect((await fsck({ ...sealed, folder: one.folder })).problems).toEqual([])
    await expect(collect(one, [two])).resolves.toMatchObject({ deleted: true })
  })

  it('leaves the kept package whole wherever it is killed, and the next one ends its work', async () => {
    const { one, two } = await twoVersions()
    const { unused } = await collect(one, [two], { delete: false })
    for (let after = 0; after < unused.objects; after += 1) {
      let deletions = 0
      const dying = storeOver(one.store, {
        delete: async (name) => {
          deletions += 1
          // Not more than one is deleted before it dies.
          if (deletions > 1) throw new Error('killed')
          return await one.store.delete(name)
        },
      })
      const killed = collect({ ...one, store: dying }, [two])
      if (after + 1 < unused.objects) await expect(killed).rejects.toThrow('killed')
      else await killed
      expect((await fsck(two)).problems).toEqual([])
    }
    expect(await collect(one, [two])).toMatchObject({ unused: { objects: 0 } })
  })

  it('ends before it deletes where a package that is given cannot be read to its end', async () => {
    const { one, two } = await twoVersions()
    const { page } = await innards(two)
    const all = await namesIn(one)
    await flipBit(pathOf(one, page), 100)
    await expect(collect(one, [two])).rejects.toMatchObject({ code: 'page-altered' })
    expect(await namesIn(one)).toEqual(all)
    await flipBit(pathOf(one, page), 100)
    await expect(collect(one, [two])).resolves.toMatchObject({ deleted: true })
  })

  it('deletes old leftovers and leaves fresh ones', async () => {
    const { one } = await twoVersions()
    const aside = join(one.folder, 'store', '.partial')
    for (const id of ['old', 'fresh']) await writeFile(join(aside, id), 'half')
    await utimes(join(aside, 'old'), 1000, 1000)
    expect(await collect(one, [one])).toMatchObject({ leftovers: { objects: 1, bytes: 4 } })
    expect(await readdir(aside)).toEqual(['fresh'])
  })
})

describe('diffPackages', () => {
  it('says what has to be fetched: exactly the objects that a store with the first package lacks', async () => {
    const one = await sealContent(mixedDisk())
    const changed = Buffer.from(one.content)
    randomBytes(40_000).copy(changed, 4096 * 20)
    const two = await sealContent(changed, { store: one.store })
    const diff = await diffPackages(packageOf(one), packageOf(two), one.store)
    expect(diff.fetched).toEqual({ objects: two.stats.newObjects, bytes: two.stats.storedBytes })
    expect(diff.disks).toEqual([{ disk: 'system', ...diff.fetched }])
    const alone = await sealContent(changed)
    expect((await diffPackages(null, packageOf(two), one.store)).fetched).toMatchObject({ objects: alone.stats.newObjects })
    expect(diff.whole.objects).toBe(alone.stats.newObjects)
    expect((await diffPackages(packageOf(one), packageOf(one), one.store)).fetched).toEqual({ objects: 0, bytes: 0 })
  })

  it('counts a chunk that comes often once', async () => {
    const same = contentOf({ sectors: 8192, parts: [{ at: 0, blocks: 1023, content: 'text' }] })
    const sealed = await sealContent(same)
    const { fetched } = await diffPackages(null, packageOf(sealed), sealed.store)
    expect(fetched).toEqual({ objects: sealed.stats.newObjects, bytes: sealed.stats.storedBytes })
  })

  it('does not guess where an index cannot be read', async () => {
    const sealed = await sealContent(mixedDisk())
    await rm(pathOf(sealed, rootOf(sealed)))
    await expect(diffPackages(null, packageOf(sealed), await openFolderStore(join(sealed.folder, 'store')))).rejects.toMatchObject({
      code: 'root-missing',
    })
  })
})
