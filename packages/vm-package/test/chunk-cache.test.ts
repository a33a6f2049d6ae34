// SPDX-License-Identifier: Apache-2.0
import { hash, randomBytes } from 'node:crypto'
import { readFile, statfs } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { type ChunkCache, openChunkCache } from '../src/read/chunk-cache.ts'
import { temporaryFolder } from './disks.ts'

const objects = Array.from({ length: 4 }, () => randomBytes(1000)).map((bytes) => ({ name: hash('sha256', bytes, 'hex'), bytes }))
const [first, second, third, fourth] = objects

if (first === undefined || second === undefined || third === undefined || fourth === undefined) throw new Error('four objects')

/** The origin still has the objects of `again`. */
async function openCache(limitBytes: number, again: readonly { readonly name: string }[], folder?: string) {
  const names = new Set(again.map(({ name }) => name))
  return await openChunkCache({ folder: folder ?? (await temporaryFolder()), limitBytes, origin: { has: async (name) => names.has(name) } })
}

/** What is in its file; null when it has none. */
async function bytesOf(cache: ChunkCache, name: string): Promise<Buffer | null> {
  const path = cache.locate(name)
  return path === null ? null : await readFile(path)
}

describe('the cache of a device', () => {
  it('gives up what was not used for longest when it is full', async () => {
    const cache = await openCache(3000, objects)
    for (const { name, bytes } of [first, second, third]) await cache.add(name, bytes)
    cache.locate(first.name)
    expect(await cache.add(fourth.name, fourth.bytes)).toBe(true)
    expect(await bytesOf(cache, second.name)).toBeNull()
    expect(await bytesOf(cache, first.name)).toEqual(first.bytes)
    expect(cache.heldBytes).toBe(3000)
  })

  it('keeps what cannot be had again, and gives up another object instead', async () => {
    const cache = await openCache(3000, [second, third, fourth])
    for (const { name, bytes } of [first, second, third]) await cache.add(name, bytes)
    expect(await cache.add(fourth.name, fourth.bytes)).toBe(true)
    expect(await bytesOf(cache, first.name)).toEqual(first.bytes)
    expect(await bytesOf(cache, second.name)).toBeNull()
  })

  it('takes nothing where its disk would then have less room than is to be left', async () => {
    const folder = await temporaryFolder()
    const { bavail, bsize } = await statfs(folder)
    const open = (leaveBytes: number) => openChunkCache({ folder, limitBytes: 3000, leaveBytes, origin: { has: async () => true } })
    expect(await (await open(bavail * bsize * 2)).add(first.name, first.bytes)).toBe(false)
    expect(await (await open(bavail * bsize * 0.5)).add(first.name, first.bytes)).toBe(true)
  })

  it('does not take a new object when nothing it holds can be had again', async () => {
    const cache = await openCache(3000, [])
    for (const { name, bytes } of [first, second, third]) await cache.add(name, bytes)
    expect(await cache.add(fourth.name, fourth.bytes)).toBe(false)
    for (const { name, bytes } of [first, second, third]) expect(await bytesOf(cache, name)).toEqual(bytes)
  })

  it('stays under its limit when many objects come at once', async () => {
    const cache = await openCache(2000, objects)
    await Promise.all(objects.map(({ name, bytes }) => cache.add(name, bytes)))
    expect(cache.heldBytes).toBe(2000)
  })

  it('finds what an earlier one kept, and counts it', async () => {
    const folder = await temporaryFolder()
    const before = await openCache(3000, objects, folder)
    await before.add(first.name, first.bytes)
    const after = await openCache(3000, objects, folder)
    expect(await bytesOf(after, first.name)).toEqual(first.bytes)
    expect(after.heldBytes).toBe(1000)
  })

  it('goes on after an object that it could not write', async () => {
    const cache = await openCache(3000, objects)
    await expect(cache.add('0'.repeat(64), first.bytes)).rejects.toMatchObject({ code: 'object-altered' })
    expect(await cache.add(first.name, first.bytes)).toBe(true)
  })
})
