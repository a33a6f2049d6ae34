// SPDX-License-Identifier: Apache-2.0
//
// What a store remembers of earlier seals: it saves work and never changes what is stored.
import { hash, randomBytes } from 'node:crypto'
import { copyFile, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openPackageDisk } from '../src/read/package-device.ts'
import { memoPath, SealMemo } from '../src/seal/memo.ts'
import { memoKeys, memoTagOf, nameOfRecord, refOfRecord } from '../src/seal/memo-format.ts'
import { type SealRequest, sealPackage } from '../src/seal.ts'
import { openFolderStore } from '../src/store/folder-store.ts'
import { collectGarbage } from '../src/upkeep/collect.ts'
import { checkStore } from '../src/upkeep/fsck.ts'
import { contentOf, flipBit, orgKey, requestFor, systemDisk, temporaryFolder } from './disks.ts'
import { storeOver } from './store-over.ts'

const keys = memoKeys(orgKey)
const otherOrgKey = new Uint8Array(32).fill(8)
const content = contentOf({ sectors: 16_384, parts: [{ at: 0, blocks: 1023, content: 'random' }] })
const packageKey = randomBytes(32)

/** One disk, and seals of it into one store. */
async function prepare() {
  const folder = await temporaryFolder()
  const [path, at] = [join(folder, 'system.img'), join(folder, 'store')]
  await writeFile(path, content)
  const store = await openFolderStore(at)
  const seal = (changes: Partial<SealRequest> = {}) => sealPackage({ ...requestFor(path, store, packageKey), ...changes })
  return { path, folder: at, memo: memoPath(at, keys), store, seal, first: await seal() }
}

function entriesOf(folder: string): readonly Buffer[] {
  const memo = SealMemo.open(folder, keys)
  const records = memo === null ? [] : [...memo.records()].map((record) => Buffer.from(record))
  memo?.close()
  return records
}

describe('a second seal', () => {
  it('compresses and encrypts nothing of a disk that is as it was, and gives the same package', async () => {
    const { seal, first } = await prepare()
    expect(first.stats.chunks).toBeGreaterThan(5)
    expect(first.stats.reusedChunks).toBe(0)
    const again = await seal()
    expect(again.manifest).toEqual(first.manifest)
    expect(again.stats).toMatchObject({ chunks: first.stats.chunks, reusedChunks: first.stats.chunks, newObjects: 0 })
  })

  it('seals what has changed, and its reader gets every byte of the new disk', async () => {
    const { path, folder, store, seal, first } = await prepare()
    const changed = Buffer.from(content)
    changed.fill('changed', 2_000_000, 2_000_100)
    await writeFile(path, changed)
    const second = await seal()
    expect(second.stats.reusedChunks).toBeGreaterThan(0)
    expect(second.stats.reusedChunks).toBeLessThan(second.stats.chunks)
    const fresh = await openFolderStore(`${folder}-fresh`)
    expect(second.manifest).toEqual((await seal({ store: fresh })).manifest)
    const disk = await openPackageDisk({ disk: systemDisk(second), packageKey, origin: store })
    expect(Buffer.from(await disk.read(0, disk.size)).equals(changed)).toBe(true)
    await disk.close()
    expect(second.manifest).not.toEqual(first.manifest)
  })

  it('seals again what the store has lost, whole or in part', async () => {
    const { folder, store, seal, first } = await prepare()
    const [gone = '', cut = ''] = entriesOf(folder).map(nameOfRecord)
    await store.delete(gone)
    await truncate(join(folder, cut.slice(0, 2), cut), 100)
    const { manifest, stats } = await seal()
    expect(manifest).toEqual(first.manifest)
    expect(stats.newObjects).toBe(2)
    for (const name of [gone, cut]) expect(hash('sha256', await readFile(join(folder, name.slice(0, 2), name)), 'hex')).toBe(name)
  })

  it('of another organisation knows nothing, and keeps a memo of its own', async () => {
    const { folder, seal, first } = await prepare()
    expect((await seal({ orgKey: otherOrgKey })).stats.reusedChunks).toBe(0)
    expect((await seal({ orgKey: otherOrgKey })).stats.reusedChunks).toBe(first.stats.chunks)
    expect((await seal()).stats.reusedChunks).toBe(first.stats.chunks)
    expect(await readdir(join(folder, '.memo'))).toHaveLength(2)
  })

  it('into a store without a folder does without', async () => {
    const { store, seal, first } = await prepare()
    const again = await seal({ store: storeOver(store, {}) })
    expect(again.manifest).toEqual(first.manifest)
    expect(again.stats).toMatchObject({ reusedChunks: 0, newObjects: 0 })
  })
})

describe('a memo that is not as it was written', () => {
  const headBits = 72 * 8
  const bad: readonly [string, (memo: string) => Promise<unknown>][] = [
    ['is gone', (memo) => rm(memo)],
    ['is empty', (memo) => truncate(memo, 0)],
    ['is cut within its head', (memo) => truncate(memo, 50)],
    ['is cut by a byte', async (memo) => truncate(memo, (await readFile(memo)).length - 1)],
    ['has more bytes', async (memo) => writeFile(memo, Buffer.concat([await readFile(memo), Buffer.alloc(8192)]))],
    ['begins with another magic', (memo) => flipBit(memo, 3)],
    ['has another salt', (memo) => flipBit(memo, 20 * 8)],
    ['counts other entries', (memo) => flipBit(memo, 55 * 8)],
    ['has another tag on its head', (memo) => flipBit(memo, 70 * 8)],
    ['has an altered page', (memo) => flipBit(memo, headBits + 500)],
    ['has another tag on its page', (memo) => flipBit(memo, headBits + 8190 * 8)],
  ]

  it.each(bad)('%s: the seal does without, gives the same package and replaces it', async (_, harm) => {
    const { memo, seal, first } = await prepare()
    await harm(memo)
    const again = await seal()
    expect(again.manifest).toEqual(first.manifest)
    expect(again.stats).toMatchObject({ reusedChunks: 0, newObjects: 0 })
    expect((await seal()).stats.reusedChunks).toBe(first.stats.chunks)
  })

  it('is that of another organisation: the seal does without and replaces it', async () => {
    const { folder, memo, seal, first } = await prepare()
    await seal({ orgKey: otherOrgKey })
    await copyFile(memoPath(folder, memoKeys(otherOrgKey)), memo)
    expect((await seal()).stats.reusedChunks).toBe(0)
    expect((await seal()).stats.reusedChunks).toBe(first.stats.chunks)
  })

  it('cannot be written: the seal is whole all the same', async () => {
    const { memo, seal, first } = await prepare()
    await rm(memo)
    await mkdir(join(memo, 'in the way'), { recursive: true })
    const again = await seal()
    expect(again.manifest).toEqual(first.manifest)
    expect(again.stats.reusedChunks).toBe(0)
  })
})

describe('the file of a memo', () => {
  it('holds neither digest of plain bytes nor name nor key of an object in clear', async () => {
    const { folder, memo } = await prepare()
    const file = await readFile(memo)
    const records = entriesOf(folder)
    // The first chunk, found by its length: a whole number of blocks whose tag is known.
    const lengths = Array.from({ length: 256 }, (_, at) => (at + 1) * 4096)
    const length = lengths.find((bytes) => records.some((record) => record.includes(memoTagOf(keys, 'chunk', content.subarray(0, bytes))))) ?? 0
    expect(length).toBeGreaterThan(0)
    expect(file.includes(hash('sha256', content.subarray(0, length), 'buffer'))).toBe(false)
    for (const record of records) {
      const { name, key } = refOfRecord(record)
      for (const secret of [record.subarray(0, 32), Buffer.from(name, 'hex'), Buffer.from(key)]) expect(file.includes(secret)).toBe(false)
    }
  })

  it('is nothing to fsck and gc, and forgets at the next seal what gc has deleted', async () => {
    const { path, folder, memo, store, seal } = await prepare()
    const before = await readFile(memo)
    expect(await checkStore({ store, packages: [], repair: true })).toMatchObject({ problems: [], leftovers: [] })
    const later = () => Date.now() + 86_400_000
    expect((await collectGarbage({ store, packages: [], graceSeconds: 0, delete: true, now: later })).leftovers.objects).toBe(0)
    expect(await readFile(memo)).toEqual(before)
    await writeFile(path, contentOf({ sectors: 4096, parts: [{ at: 0, blocks: 300, content: 'random' }] }))
    const { stats } = await seal()
    expect(stats.reusedChunks).toBe(0)
    const names = entriesOf(folder).map(nameOfRecord)
    // The root page is under the package's key, and not of the memo.
    expect(names).toHaveLength(stats.newObjects - 1)
    for (const name of names) expect(await store.has(name)).toBe(true)
  })
})
