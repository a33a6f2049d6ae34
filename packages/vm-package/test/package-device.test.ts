// SPDX-License-Identifier: Apache-2.0
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type ChunkCache, openChunkCache } from '../src/read/chunk-cache.ts'
import { openPackageDisk, type PackageDisk, type PackageDiskEvent } from '../src/read/package-device.ts'
import type { ObjectSource } from '../src/store/object-store.ts'
import { flipBit, mixedDisk, type Sealed, sealContent, systemDisk } from './disks.ts'

interface Opened {
  readonly disk: PackageDisk
  readonly events: PackageDiskEvent[]
}

async function openDisk(sealed: Sealed, options: { origin?: ObjectSource; cache?: ChunkCache; lateAfterMs?: number } = {}): Promise<Opened> {
  const events: PackageDiskEvent[] = []
  const disk = await openPackageDisk({
    disk: systemDisk(sealed),
    packageKey: sealed.packageKey,
    origin: sealed.store,
    onEvent: (event) => void events.push(event),
    ...options,
  })
  return { disk, events }
}

function cacheOf(sealed: Sealed, limitBytes = 100_000_000): Promise<ChunkCache> {
  return openChunkCache({ folder: join(sealed.folder, 'cache'), limitBytes, origin: sealed.store })
}

/** An origin that notes what is asked for, and holds back what `gate` waits for. */
function watched(store: ObjectSource, gate: (name: string) => Promise<void> = async () => undefined) {
  const asked: string[] = []
  const origin: ObjectSource = {
    has: (name) => store.has(name),
    get: async (name, maxBytes) => {
      asked.push(name)
      await gate(name)
      return await store.get(name, maxBytes)
    },
  }
  return { asked, origin }
}

const cachedPath = (sealed: Sealed, name: string) => join(sealed.folder, 'cache', name.slice(0, 2), name)
const storedPath = (sealed: Sealed, name: string) => join(sealed.folder, 'store', name.slice(0, 2), name)

/** The object that holds the first block. */
async function firstChunk(sealed: Sealed): Promise<string> {
  const { asked, origin } = watched(sealed.store)
  const { disk } = await openDisk(sealed, { origin })
  await disk.read(0, 1)
  const name = asked.at(-1)
  if (name === undefined) throw new Error('nothing was fetched')
  return name
}

describe('a package disk', () => {
  it('is read-only and answers no range beyond its end', async () => {
    const { disk } = await openDisk(await sealContent(mixedDisk()))
    expect([disk.readOnly, disk.write]).toEqual([true, undefined])
    await expect(disk.read(disk.size - 10, 11)).rejects.toMatchObject({ code: 'range-invalid' })
    await expect(disk.read(-1, 1)).rejects.toMatchObject({ code: 'range-invalid' })
    expect(await disk.read(disk.size - 10, 10)).toHaveLength(10)
    expect(await disk.read(disk.size, 0)).toHaveLength(0)
  })

  it('fetches an object once for many readers', async () => {
    const sealed = await sealContent(mixedDisk())
    const { asked, origin } = watched(sealed.store)
    const { disk } = await openDisk(sealed, { origin })
    await Promise.all(Array.from({ length: 10 }, () => disk.read(0, 4096)))
    expect(asked).toHaveLength(new Set(asked).size)
    expect(asked).toHaveLength(3)
  })

  it('fetches what a sequential reader will want next', async () => {
    const sealed = await sealContent(mixedDisk())
    const ahead = Promise.withResolvers<string>()
    let reads = 0
    const { origin } = watched(sealed.store, async (name) => void (reads > 0 && ahead.resolve(name)))
    const { disk } = await openDisk(sealed, { origin })
    await disk.read(0, 4096)
    reads = 1
    await disk.read(4096, 4096)
    expect(await ahead.promise).toMatch(/^[0-9a-f]{64}$/)
  })

  it('gives bytes of its own: a caller that writes into them changes no later answer', async () => {
    const sealed = await sealContent(mixedDisk())
    const { disk } = await openDisk(sealed)
    const bytes = await disk.read(0, 4096)
    bytes.fill(0)
    expect((await disk.read(0, 4096)).equals(sealed.content.subarray(0, 4096))).toBe(true)
  })
})

describe('the ciphertext cache', () => {
  it('serves a disk whose origin is gone', async () => {
    const sealed = await sealContent(mixedDisk())
    const first = await openDisk(sealed, { cache: await cacheOf(sealed) })
    await first.disk.read(0, first.disk.size)
    await first.disk.close()
    await rm(join(sealed.folder, 'store'), { recursive: true })
    const { disk, events } = await openDisk(sealed, { cache: await cacheOf(sealed) })
    expect((await disk.read(0, disk.size)).equals(sealed.content)).toBe(true)
    expect(events).toEqual([])
  })

  it('holds ciphertext only', async () => {
    const sealed = await sealContent(Buffer.alloc(65_536, 'in the clear '))
    const { disk } = await openDisk(sealed, { cache: await cacheOf(sealed) })
    await disk.read(0, disk.size)
    await disk.close()
    const name = await firstChunk(sealed)
    expect((await readFile(cachedPath(sealed, name))).equals(await readFile(storedPath(sealed, name)))).toBe(true)
  })

  it('replaces a bad object from an intact origin and says so; the guest sees true bytes', async () => {
    const sealed = await sealContent(mixedDisk())
    const first = await openDisk(sealed, { cache: await cacheOf(sealed) })
    await first.disk.read(0, first.disk.size)
    await first.disk.close()
    const object = await firstChunk(sealed)
    await flipBit(cachedPath(sealed, object), 1234)

    const { disk, events } = await openDisk(sealed, { cache: await cacheOf(sealed) })
    expect((await disk.read(0, 4096)).equals(sealed.content.subarray(0, 4096))).toBe(true)
    expect(events).toEqual([expect.objectContaining({ type: 'bad-cached-object', disk: 'system', object })])
    await disk.close()
    expect((await readFile(cachedPath(sealed, object))).equals(await readFile(storedPath(sealed, object)))).toBe(true)
  })

  it('refuses by name when the origin is altered too', async () => {
    const sealed = await sealContent(mixedDisk())
    const first = await openDisk(sealed, { cache: await cacheOf(sealed) })
    await first.disk.read(0, first.disk.size)
    await first.disk.close()
    const object = await firstChunk(sealed)
    await flipBit(cachedPath(sealed, object), 1234)
    await flipBit(storedPath(sealed, object), 1234)

    const { disk, events } = await openDisk(sealed, { cache: await cacheOf(sealed) })
    await expect(disk.read(0, 4096)).rejects.toMatchObject({ code: 'chunk-altered', subject: { disk: 'system', object } })
    expect(events).toEqual([expect.objectContaining({ type: 'bad-cached-object', disk: 'system', object })])
    expect((await disk.read(disk.size - 4096, 4096)).equals(sealed.content.subarray(-4096))).toBe(true)
  })

  it('never keeps an altered object', async () => {
    const sealed = await sealContent(mixedDisk())
    const object = await firstChunk(sealed)
    await flipBit(storedPath(sealed, object), 99)
    const cache = await cacheOf(sealed)
    const { disk } = await openDisk(sealed, { cache })
    await expect(disk.read(0, 4096)).rejects.toMatchObject({ code: 'chunk-altered' })
    await disk.close()
    expect(cache.locate(object)).toBeNull()
  })

  it('does not fail a read when it cannot write', async () => {
    const sealed = await sealContent(mixedDisk())
    const cache = await cacheOf(sealed)
    await rm(join(sealed.folder, 'cache'), { recursive: true })
    await writeFile(join(sealed.folder, 'cache'), '')
    const { disk, events } = await openDisk(sealed, { cache })
    expect((await disk.read(0, 4096)).equals(sealed.content.subarray(0, 4096))).toBe(true)
    await disk.close()
    expect(new Set(events.map(({ type }) => type))).toEqual(new Set(['cache-failed']))
  })
})

describe('a late object', () => {
  it('fails the read with `chunk-late`, goes on coming, is announced, and is there at the next try', async () => {
    const sealed = await sealContent(mixedDisk())
    const object = await firstChunk(sealed)
    const gate = Promise.withResolvers<void>()
    const arrived = Promise.withResolvers<void>()
    const { origin, asked } = watched(sealed.store, async (name) => void (name === object && (await gate.promise)))
    const events: PackageDiskEvent[] = []
    const onEvent = (event: PackageDiskEvent) => {
      events.push(event)
      if (event.type === 'chunk-arrived') arrived.resolve()
    }
    const { packageKey } = sealed
    const disk = await openPackageDisk({ disk: systemDisk(sealed), packageKey, origin, lateAfterMs: 30, onEvent })

    await expect(disk.read(0, 4096)).rejects.toMatchObject({ code: 'chunk-late', subject: { disk: 'system', object } })
    await expect(disk.read(0, 4096)).rejects.toMatchObject({ code: 'chunk-late' })
    expect(events).toEqual([{ type: 'chunk-late', disk: 'system', object }])
    gate.resolve()
    await arrived.promise
    expect((await disk.read(0, 4096)).equals(sealed.content.subarray(0, 4096))).toBe(true)
    expect(asked.filter((name) => name === object)).toHaveLength(1)
  })

  it('does not keep a disk from being closed', async () => {
    const sealed = await sealContent(mixedDisk())
    const object = await firstChunk(sealed)
    const never = new Promise<void>(() => undefined)
    const { origin } = watched(sealed.store, async (name) => void (name === object && (await never)))
    const { disk } = await openDisk(sealed, { origin, cache: await cacheOf(sealed), lateAfterMs: 30 })
    await expect(disk.read(0, 4096)).rejects.toMatchObject({ code: 'chunk-late' })
    await expect(disk.close()).resolves.toBeUndefined()
  })

  it('that turns out to be altered is announced as failed', async () => {
    const sealed = await sealContent(mixedDisk())
    const object = await firstChunk(sealed)
    await flipBit(storedPath(sealed, object), 5)
    const gate = Promise.withResolvers<void>()
    const failed = Promise.withResolvers<PackageDiskEvent>()
    const { origin } = watched(sealed.store, async (name) => void (name === object && (await gate.promise)))
    const onEvent = (event: PackageDiskEvent) => void (event.type === 'chunk-failed' && failed.resolve(event))
    const { packageKey } = sealed
    const disk = await openPackageDisk({ disk: systemDisk(sealed), packageKey, origin, lateAfterMs: 30, onEvent })
    await expect(disk.read(0, 4096)).rejects.toMatchObject({ code: 'chunk-late' })
    gate.resolve()
    expect(await failed.promise).toMatchObject({ object, error: { code: 'chunk-altered' } })
  })
})
