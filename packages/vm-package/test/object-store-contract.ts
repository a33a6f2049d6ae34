// SPDX-License-Identifier: Apache-2.0
//
// What every object store promises; each implementation runs it.
import { hash, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { ObjectStore } from '../src/store/object-store.ts'

const nameOf = (bytes: Uint8Array): string => hash('sha256', bytes, 'hex')

async function namesIn(store: ObjectStore): Promise<readonly string[]> {
  const names: string[] = []
  for await (const { name } of store.list()) names.push(name)
  return names.sort()
}

/** @param openStore gives an empty store. */
export function objectStoreContract(kind: string, openStore: () => Promise<ObjectStore>): void {
  describe(`${kind} as an object store`, () => {
    it('gives back what was put, by name', async () => {
      const store = await openStore()
      const bytes = randomBytes(10_000)
      expect(await store.get(nameOf(bytes), 20_000)).toBeNull()
      expect(await store.put(nameOf(bytes), bytes)).toBe(true)
      expect(Buffer.from((await store.get(nameOf(bytes), 10_000)) ?? [])).toEqual(bytes)
      expect(await store.has(nameOf(bytes))).toBe(true)
      expect(await store.has(nameOf(randomBytes(8)))).toBe(false)
    })

    it('keeps an object without bytes', async () => {
      const store = await openStore()
      await store.put(nameOf(Buffer.alloc(0)), Buffer.alloc(0))
      expect(await store.get(nameOf(Buffer.alloc(0)), 0)).toHaveLength(0)
    })

    it('takes a stream', async () => {
      const store = await openStore()
      const parts = [randomBytes(70_000), randomBytes(1), randomBytes(70_000)]
      async function* stream() {
        yield* parts
      }
      const whole = Buffer.concat(parts)
      expect(await store.put(nameOf(whole), stream())).toBe(true)
      expect(Buffer.from((await store.get(nameOf(whole), whole.length)) ?? [])).toEqual(whole)
    })

    it('says that a second put of the same object is not new, and keeps one', async () => {
      const store = await openStore()
      const bytes = randomBytes(100)
      expect(await store.put(nameOf(bytes), bytes)).toBe(true)
      expect(await store.put(nameOf(bytes), bytes)).toBe(false)
      expect(await namesIn(store)).toEqual([nameOf(bytes)])
    })

    it('takes the same object from many at once', async () => {
      const store = await openStore()
      const bytes = randomBytes(50_000)
      await Promise.all(Array.from({ length: 8 }, () => store.put(nameOf(bytes), bytes)))
      expect(Buffer.from((await store.get(nameOf(bytes), bytes.length)) ?? [])).toEqual(bytes)
    })

    it('refuses bytes under a name that is not their SHA-256, and then holds nothing', async () => {
      const store = await openStore()
      const bytes = randomBytes(100)
      const other = nameOf(randomBytes(100))
      await expect(store.put(other, bytes)).rejects.toMatchObject({ code: 'object-altered' })
      expect(await namesIn(store)).toEqual([])
      expect(await store.put(nameOf(bytes), bytes)).toBe(true)
    })

    it('holds nothing of a stream that broke', async () => {
      const store = await openStore()
      const bytes = randomBytes(100)
      async function* broken() {
        yield bytes.subarray(0, 50)
        throw new Error('the line went dead')
      }
      await expect(store.put(nameOf(bytes), broken())).rejects.toMatchObject({ code: 'store-unwritable' })
      expect(await store.has(nameOf(bytes))).toBe(false)
      expect(await namesIn(store)).toEqual([])
    })

    it('gives out no object that is longer than the reader allows', async () => {
      const store = await openStore()
      const bytes = randomBytes(100)
      await store.put(nameOf(bytes), bytes)
      await expect(store.get(nameOf(bytes), 99)).rejects.toMatchObject({ code: 'object-too-long' })
      expect(await store.get(nameOf(bytes), 100)).toHaveLength(100)
    })

    it('gives out ranges, which end where the object ends', async () => {
      const store = await openStore()
      const bytes = randomBytes(100)
      const name = nameOf(bytes)
      const part = async (start: number, end: number) => Buffer.from((await store.getRange(name, { start, end })) ?? [])
      expect(await store.getRange(name, { start: 0, end: 1 })).toBeNull()
      expect(await store.size(name)).toBeNull()
      await store.put(name, bytes)
      expect(await store.size(name)).toBe(100)
      expect(await part(0, 100)).toEqual(bytes)
      expect(await part(7, 11)).toEqual(bytes.subarray(7, 11))
      expect(await part(90, 1_000_000_000_000)).toEqual(bytes.subarray(90))
      expect(await part(100, 200)).toHaveLength(0)
      expect(await part(20, 20)).toHaveLength(0)
    })

    it('lists names with sizes, and deletes', async () => {
      const store = await openStore()
      const objects = [randomBytes(10), randomBytes(20), randomBytes(30)]
      for (const bytes of objects) await store.put(nameOf(bytes), bytes)
      const listed = []
      for await (const { name, size } of store.list()) listed.push({ name, size })
      expect(new Set(listed)).toEqual(new Set(objects.map((bytes) => ({ name: nameOf(bytes), size: bytes.length }))))
      const [first = Buffer.alloc(0)] = objects
      expect(await store.delete(nameOf(first))).toBe(true)
      expect(await store.delete(nameOf(first))).toBe(false)
      expect(await store.has(nameOf(first))).toBe(false)
      expect(await namesIn(store)).toHaveLength(2)
    })

    it.each(['', '../../etc/passwd', 'AB'.repeat(32), `${'a'.repeat(63)}/`, 'a'.repeat(65)])(
      'takes no other name than 64 hex digits: %j',
      async (name) => {
        const store = await openStore()
        const refusal = { code: 'object-name-invalid' }
        await expect(store.get(name, 10)).rejects.toMatchObject(refusal)
        await expect(store.getRange(name, { start: 0, end: 1 })).rejects.toMatchObject(refusal)
        await expect(store.size(name)).rejects.toMatchObject(refusal)
        await expect(store.has(name)).rejects.toMatchObject(refusal)
        await expect(store.put(name, Buffer.alloc(1))).rejects.toMatchObject(refusal)
        await expect(store.delete(name)).rejects.toMatchObject(refusal)
      },
    )

    it('says when an object was put', async () => {
      const store = await openStore()
      const bytes = randomBytes(10)
      const before = Date.now()
      await store.put(nameOf(bytes), bytes)
      const tolerance = 60_000
      for await (const { putAt } of store.list()) {
        expect(putAt).toBeGreaterThan(before - tolerance)
        expect(putAt).toBeLessThan(Date.now() + tolerance)
      }
    })

    it('shows the claims that were added, and not those deleted, and counts none as an object', async () => {
      const store = await openStore()
      expect(await store.claims()).toEqual([])
      for (const name of ['write-1', 'clean-2', 'write-1']) await store.addClaim(name)
      expect([...(await store.claims())].sort()).toEqual(['clean-2', 'write-1'])
      await store.deleteClaim('write-1')
      await store.deleteClaim('write-1')
      expect(await store.claims()).toEqual(['clean-2'])
      expect(await namesIn(store)).toEqual([])
    })

    it.each(['', '..', '../claim', 'a/b'])('takes no claim and deletes no leftover by the name %j', async (name) => {
      const store = await openStore()
      const refusal = { code: 'object-name-invalid' }
      await expect(store.addClaim(name)).rejects.toMatchObject(refusal)
      await expect(store.deleteClaim(name)).rejects.toMatchObject(refusal)
      await expect(store.deleteLeftover(name)).rejects.toMatchObject(refusal)
    })

    it('has what was put when it says that it is durable', async () => {
      const store = await openStore()
      const bytes = randomBytes(10)
      await store.put(nameOf(bytes), bytes)
      await expect(store.sync()).resolves.toBeUndefined()
      expect(await store.has(nameOf(bytes))).toBe(true)
    })
  })
}
