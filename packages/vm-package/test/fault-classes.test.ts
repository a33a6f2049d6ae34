// SPDX-License-Identifier: Apache-2.0
//
// Every class of a package's bytes x every act upon them: the named refusal or a re-fetch, and nothing wrong given out; the same reads
// give true bytes before the act and after its undoing. The classes that the engine keeps are acted upon where they live:
// packages/engine/test/overlay/xts-overlay.test.ts, test/qemu/overlay.test.ts, test/state/sealed-file.test.ts.
import { copyFile, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openObject, openSealed } from '../src/chunk/open.ts'
import { PackageError } from '../src/error.ts'
import { decodeEntries, entryBytes } from '../src/index/pages.ts'
import { blocksOfRegion, decodeRoot, regionBytes, rootRef } from '../src/index/root.ts'
import { openManifest } from '../src/manifest.ts'
import { type ChunkCache, openChunkCache } from '../src/read/chunk-cache.ts'
import { openPackageDisk, type PackageDiskEvent } from '../src/read/package-device.ts'
import { openFolderStore } from '../src/store/folder-store.ts'
import { mixedDisk, type Sealed, sealContent, systemDisk } from './disks.ts'

/** `other` is another object of the same class. */
const acts: Readonly<Record<string, (bytes: Buffer, other: Buffer) => Buffer>> = {
  'one bit flipped in the first byte': (bytes) => flipped(bytes, 0),
  'one bit flipped in the middle': (bytes) => flipped(bytes, bytes.length >> 1),
  'one bit flipped in the last byte': (bytes) => flipped(bytes, bytes.length - 1),
  'the last byte cut off': (bytes) => bytes.subarray(0, -1),
  'everything cut off': () => Buffer.alloc(0),
  'a byte behind its end': (bytes) => Buffer.concat([bytes, Buffer.alloc(1)]),
  'another one of its class in its place': (_, other) => other,
  'its halves in another order': (bytes) => Buffer.concat([bytes.subarray(bytes.length >> 1), bytes.subarray(0, bytes.length >> 1)]),
  'two of its entries exchanged': (bytes) => entriesExchanged(bytes),
}
const actNames = Object.keys(acts)

function flipped(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes)
  changed[at] = (changed[at] ?? 0) ^ 0x10
  return changed
}

/** The first two runs of 72 bytes behind 8, as entries lie in a root page; the bytes are encrypted and differ. */
function entriesExchanged(bytes: Buffer): Buffer {
  const [first, second] = [bytes.subarray(8, 80), bytes.subarray(80, 152)]
  return Buffer.concat([bytes.subarray(0, 8), second, first, bytes.subarray(152)])
}

const classes = ['root', 'page', 'chunk'] as const
type ObjectClass = (typeof classes)[number]

interface Package {
  readonly sealed: Sealed
  /** Names of two objects of each class: one that is acted upon, and another one. */
  readonly names: Readonly<Record<ObjectClass, readonly [string, string]>>
}

/** Content in two regions, so that there are two pages; a second package in the same store, so that there are two roots. */
async function makePackage(): Promise<Package> {
  const content = Buffer.concat([mixedDisk(), Buffer.alloc(regionBytes - mixedDisk().length), mixedDisk()])
  const sealed = await sealContent(content)
  const second = await sealContent(mixedDisk(), { version: '2', store: sealed.store })
  const disk = systemDisk(sealed)
  const root = rootRef(disk, sealed.packageKey)
  const [first, last] = decodeRoot(openSealed('root', await stored(sealed, root.name), root), disk)
  if (first === undefined || last === undefined || first === last) throw new Error('expected two pages')
  const page = await openObject('page', await stored(sealed, first.name), first, first.entries * entryBytes)
  const entries = decodeEntries(page, blocksOfRegion(disk.size, 0), (why) => new PackageError('page-altered', why))
  const [one, other] = entries.flatMap(({ object }) => object?.name ?? [])
  if (one === undefined || other === undefined) throw new Error('expected two chunks')
  return { sealed, names: { root: [root.name, systemDisk(second).root], page: [first.name, last.name], chunk: [one, other] } }
}

const pathIn = ({ folder }: Sealed, place: 'store' | 'cache', name: string) => join(folder, place, name.slice(0, 2), name)
const stored = (sealed: Sealed, name: string): Promise<Buffer> => readFile(pathIn(sealed, 'store', name))

interface Seen {
  readonly refusals: ReadonlySet<string>
  readonly events: readonly PackageDiskEvent[]
  readonly trueBytes: number
}

/** Opens the disk and reads what holds data, and zeros between; whatever is given out is compared. */
async function look({ content, packageKey, store, ...sealed }: Sealed, cache?: ChunkCache): Promise<Seen> {
  const [refusals, events] = [new Set<string>(), [] as PackageDiskEvent[]]
  const origin = { disk: systemDisk(sealed), packageKey, origin: store, onEvent: (event: PackageDiskEvent) => void events.push(event) }
  const attempt = async <T>(act: () => Promise<T>): Promise<T | null> => {
    try {
      return await act()
    } catch (error) {
      if (!(error instanceof PackageError)) throw error
      refusals.add(`${error.code} ${error.subject.object}`)
      return null
    }
  }
  const disk = await attempt(() => openPackageDisk({ ...origin, ...(cache === undefined ? {} : { cache }) }))
  let trueBytes = 0
  for (const start of disk === null ? [] : [0, regionBytes - 65_536, regionBytes]) {
    for (let at = start; at < Math.min(start + 2_097_152, content.length); at += 65_536) {
      const bytes = await attempt(async () => await disk?.read(at, 65_536))
      if (bytes === null || bytes === undefined) continue
      expect(Buffer.compare(bytes, content.subarray(at, at + 65_536)), `bytes at ${at}`).toBe(0)
      trueBytes += bytes.length
    }
  }
  await disk?.close()
  return { refusals, events, trueBytes }
}

const cacheOf = (sealed: Sealed) => openChunkCache({ folder: join(sealed.folder, 'cache'), limitBytes: 100_000_000, origin: sealed.store })

/** Acts upon the file, looks, and puts it back. */
async function acted<T>(path: string, change: (bytes: Buffer) => Buffer, seen: () => Promise<T>): Promise<T> {
  const aside = `${path}.aside`
  await copyFile(path, aside)
  await writeFile(path, change(await readFile(path)))
  try {
    return await seen()
  } finally {
    await rename(aside, path)
  }
}

describe('a manifest', () => {
  it('that differs in whatever way from what was approved is refused, and opens as it was', async () => {
    const [one, other] = [await sealContent(mixedDisk()), await sealContent(mixedDisk())]
    for (const name of actNames) {
      const changed = acts[name]?.(one.manifest, other.manifest) ?? one.manifest
      expect(() => openManifest(changed, one.sha256), name).toThrow(expect.objectContaining({ code: 'manifest-altered' }))
    }
    expect(openManifest(one.manifest, one.sha256).name).toBe('accounting')
  })
})

describe('a stored object', () => {
  it('of any class, changed in any way, is refused by its name, and the rest is true; as it was, all of it is', async () => {
    const { sealed, names } = await makePackage()
    const whole = await look(sealed)
    expect([whole.refusals.size, whole.events.length]).toEqual([0, 0])
    for (const kind of classes) {
      const [name, otherName] = names[kind]
      const other = await stored(sealed, otherName)
      for (const act of actNames) {
        const seen = await acted(
          pathIn(sealed, 'store', name),
          (bytes) => acts[act]?.(bytes, other) ?? bytes,
          () => look(sealed),
        )
        expect([...seen.refusals], `${kind}: ${act}`).toEqual([`${kind}-altered ${name}`])
        expect(seen.trueBytes, `${kind}: ${act}`).toBeLessThan(whole.trueBytes)
        if (kind !== 'root') expect(seen.trueBytes, `${kind}: ${act}`).toBeGreaterThan(0)
      }
    }
    expect(await look(sealed)).toEqual(whole)
  })

  it('is refused where two of one class have changed places', async () => {
    const { sealed, names } = await makePackage()
    const whole = await look(sealed)
    for (const kind of ['page', 'chunk'] as const) {
      const [one, other] = names[kind]
      const swap = async () => {
        const [first, second] = [await stored(sealed, one), await stored(sealed, other)]
        await writeFile(pathIn(sealed, 'store', one), second)
        await writeFile(pathIn(sealed, 'store', other), first)
      }
      await swap()
      expect((await look(sealed)).refusals).toEqual(new Set([`${kind}-altered ${one}`, `${kind}-altered ${other}`]))
      await swap()
    }
    expect(await look(sealed)).toEqual(whole)
  })
})

describe('a cached object', () => {
  it('of any class, changed in any way, is fetched again and named; without an intact origin it is refused', async () => {
    const { sealed, names } = await makePackage()
    const whole = await look(sealed, await cacheOf(sealed))
    for (const kind of classes) {
      const [name, otherName] = names[kind]
      const other = await stored(sealed, otherName)
      for (const act of actNames) {
        const change = (bytes: Buffer) => acts[act]?.(bytes, other) ?? bytes
        await writeFile(pathIn(sealed, 'cache', name), change(await stored(sealed, name)))
        const seen = await look(sealed, await cacheOf(sealed))
        expect(seen.events, `${kind}: ${act}`).toEqual([expect.objectContaining({ type: 'bad-cached-object', object: name })])
        expect([seen.refusals.size, seen.trueBytes], `${kind}: ${act}`).toEqual([0, whole.trueBytes])
        expect((await readFile(pathIn(sealed, 'cache', name))).equals(await stored(sealed, name)), `${kind}: ${act}`).toBe(true)
      }
      await writeFile(pathIn(sealed, 'cache', name), flipped(await stored(sealed, name), 7))
      const without = { ...sealed, store: await openFolderStore(join(sealed.folder, 'empty')) }
      expect((await look(without, await cacheOf(without))).refusals.size, kind).toBe(1)
      await copyFile(pathIn(sealed, 'store', name), pathIn(sealed, 'cache', name))
    }
    expect(await look(sealed, await cacheOf(sealed))).toEqual(whole)
  })
})
