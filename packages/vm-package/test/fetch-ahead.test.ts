// SPDX-License-Identifier: Apache-2.0
import { hash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openManifest, parseManifest } from '../src/manifest.ts'
import { FetchAhead } from '../src/prefetch/fetch-ahead.ts'
import { addPrefetchList, encodePrefetchList, fetchPrefetchList, type PrefetchList, parsePrefetchList } from '../src/prefetch/list.ts'
import { openChunkCache } from '../src/read/chunk-cache.ts'
import { openPackageDisk } from '../src/read/package-device.ts'
import type { ObjectSource } from '../src/store/object-store.ts'
import { neededObjects } from '../src/upkeep/reach.ts'
import { verifyPackage } from '../src/verify.ts'
import { contentOf, flipBit, type Sealed, sealContent, systemDisk } from './disks.ts'

const list: PrefetchList = {
  format: 'casemate-prefetch-1',
  chunks: [
    [0, 3000],
    [0, 0],
    [7, 1],
    [0, 1_000_000],
  ],
}
const pathOf = (sealed: Sealed, name: string) => join(sealed.folder, 'store', name.slice(0, 2), name)

/** The name of its one page. */
async function pageOf({ manifest, sha256, packageKey, store }: Sealed): Promise<string> {
  for await (const { kind, name } of neededObjects({ manifest: openManifest(manifest, sha256), packageKey }, store)) if (kind === 'page') return name
  throw new Error('the package has no page')
}

/** 16 MiB of random bytes, so many chunks, opened with an empty cache; `asked` lists what is fetched. */
async function openDevice(leaveBytes = 0) {
  const sealed = await sealContent(contentOf({ sectors: 32_768, parts: [{ at: 0, blocks: 4096, content: 'random' }] }))
  const asked: string[] = []
  const origin: ObjectSource = {
    has: (name) => sealed.store.has(name),
    get: async (name, maxBytes) => {
      asked.push(name)
      return await sealed.store.get(name, maxBytes)
    },
  }
  const cache = await openChunkCache({ folder: join(sealed.folder, 'cache'), limitBytes: 100_000_000, leaveBytes, origin })
  const disk = await openPackageDisk({ disk: systemDisk(sealed), packageKey: sealed.packageKey, origin, cache })
  onTestFinished(() => disk.close())
  return { sealed, asked, disk }
}

const ahead = (disks: Awaited<ReturnType<typeof openDevice>>['disk'][], chunks: PrefetchList | null, signal = new AbortController().signal) =>
  new FetchAhead({ disks, list: chunks, fillBytesPerSecond: () => 1e9, signal })

describe('fetching ahead', () => {
  it('follows the list first, then brings everything else, so that the origin is needed no more', async () => {
    const { sealed, asked, disk } = await openDevice()
    const wanted = [await disk.objectAt(3000 * 4096), await disk.objectAt(0)].map((object) => object?.name)
    const before = asked.length
    const fetching = ahead([disk], list)
    await fetching.run()
    expect(asked.slice(before, before + 2)).toEqual(wanted)
    expect(new Set(asked).size).toBe(asked.length)
    const { heldBytes, totalBytes } = fetching.content
    expect(heldBytes).toBe(totalBytes)
    expect(totalBytes).toBeGreaterThan(16_000_000)
    await rm(join(sealed.folder, 'store'), { recursive: true })
    expect((await disk.read(0, disk.size)).equals(sealed.content)).toBe(true)
  })

  it('leaves out what was altered and says that not all is here; an intact origin gives the rest', async () => {
    const { sealed, disk } = await openDevice()
    const object = await disk.objectAt(0)
    if (object === null) throw new Error('the disk begins with zeros')
    await flipBit(pathOf(sealed, object.name), 77)
    const first = ahead([disk], list)
    await first.run()
    expect(first.content.heldBytes).toBe((first.content.totalBytes ?? 0) - object.storedLength)
    expect(disk.holds(object.name)).toBe(false)
    await flipBit(pathOf(sealed, object.name), 77)
    const second = ahead([disk], null)
    await second.run()
    expect([second.content.heldBytes, disk.holds(object.name)]).toEqual([second.content.totalBytes, true])
  })

  it('says that not all is here while a page of the index cannot be had; once it can, all is', async () => {
    const { sealed, disk } = await openDevice()
    const page = await pageOf(sealed)
    await flipBit(pathOf(sealed, page), 77)
    const first = ahead([disk], null)
    await first.run()
    expect(first.content.totalBytes).toBeGreaterThan(first.content.heldBytes)
    await flipBit(pathOf(sealed, page), 77)
    const second = ahead([disk], null)
    await second.run()
    expect(second.content.totalBytes).toBeGreaterThan(16_000_000)
    expect(second.content.heldBytes).toBe(second.content.totalBytes)
  })

  it('stops where the device has no room that may be taken; what is read still comes', async () => {
    const { asked, disk, sealed } = await openDevice(Number.MAX_SAFE_INTEGER)
    const fetching = ahead([disk], list)
    await fetching.run()
    expect(fetching.content.heldBytes).toBe(0)
    expect(fetching.content.totalBytes).toBeGreaterThan(16_000_000)
    // Root, page, and what was under way when the first one was not kept.
    expect(asked.length).toBeLessThan(2 + 8)
    expect((await disk.read(0, disk.size)).equals(sealed.content)).toBe(true)
  })

  it('stops when it is told to', async () => {
    const { disk } = await openDevice()
    const fetching = ahead([disk], list, AbortSignal.abort())
    await fetching.run()
    expect(fetching.content).toEqual({ heldBytes: 0, totalBytes: null })
  })
})

describe('a prefetch list', () => {
  it('is named by a new manifest with the same disks, and read back', async () => {
    const sealed = await sealContent(Buffer.alloc(65_536, 'casemate'))
    const before = openManifest(sealed.manifest, sealed.sha256)
    const after = parseManifest(await addPrefetchList(before, list, sealed.store))
    const sha256 = hash('sha256', encodePrefetchList(list), 'hex')
    expect(after).toEqual({ ...before, prefetch: { sha256 } })
    expect(await fetchPrefetchList(sealed.store, sha256)).toEqual(list)
    const verify = () => verifyPackage({ manifest: after, packageKey: sealed.packageKey, store: sealed.store })
    expect((await verify()).problems).toEqual([])

    await flipBit(pathOf(sealed, sha256), 9)
    await expect(fetchPrefetchList(sealed.store, sha256)).rejects.toMatchObject({ code: 'prefetch-altered' })
    expect((await verify()).problems).toMatchObject([{ object: sha256, code: 'prefetch-altered' }])
    await sealed.store.delete(sha256)
    await expect(fetchPrefetchList(sealed.store, sha256)).rejects.toMatchObject({ code: 'prefetch-missing' })
  })

  it.each([
    ['an unknown field', { ...list, more: 1 }],
    ['another format', { ...list, format: 'casemate-prefetch-2' }],
    ['no chunk', { ...list, chunks: [] }],
    ['a disk beyond the eighth', { ...list, chunks: [[8, 0]] }],
    ['a block before the first', { ...list, chunks: [[0, -1]] }],
    ['a block that is no number', { ...list, chunks: [[0, '1']] }],
    ['a triple', { ...list, chunks: [[0, 1, 2]] }],
  ])('with %s is refused', (_, value) => {
    const bytes = (content: unknown) => Buffer.from(JSON.stringify(content))
    expect(() => parsePrefetchList(bytes(value))).toThrow(expect.objectContaining({ code: 'prefetch-invalid' }))
    expect(parsePrefetchList(bytes(list))).toEqual(list)
  })
})
