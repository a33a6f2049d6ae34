// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { openingDisk } from './opening-disk.ts'

/** A disk whose opening a test lets succeed or fail. */
function setUp() {
  const bytes = Buffer.from('the content of the disk')
  const content = { size: bytes.length, read: async (offset: number, length: number) => bytes.subarray(offset, offset + length) }
  const opening = Promise.withResolvers<Parameters<typeof openingDisk>[1] extends Promise<infer Opened> ? Opened : never>()
  const own = Buffer.from(bytes)
  const flushed: string[] = []
  const overlay = {
    read: async (offset: number, length: number) => Buffer.from(own.subarray(offset, offset + length)),
    write: async (offset: number, data: Uint8Array) => own.set(data, offset),
    flush: async () => void flushed.push(own.toString()),
    extents: async (_offset: number, length: number) => [{ length, zero: false }],
  }
  return { disk: openingDisk(content, opening.promise), opened: () => opening.resolve(overlay), failed: opening.reject, own, flushed }
}

describe('a disk that is still being made', () => {
  it('gives what it will hold, and takes a write once it is there, never before', async () => {
    const { disk, opened, own, flushed } = setUp()
    expect(String(await disk.read(4, 7))).toBe('content')
    const written = disk.write?.(4, Buffer.from('CONTENT'))
    await new Promise((resolve) => setImmediate(resolve))
    expect(own.toString()).toBe('the content of the disk')
    opened()
    await written
    await disk.flush?.()
    expect(flushed).toEqual(['the CONTENT of the disk'])
    expect(String(await disk.read(4, 7))).toBe('CONTENT')
  })

  it('takes no write and promises none where it could not be made', async () => {
    const { disk, failed, own } = setUp()
    failed(new Error('no room'))
    await expect(disk.write?.(4, Buffer.from('CONTENT'))).rejects.toThrow('no room')
    await expect(disk.flush?.()).rejects.toThrow('no room')
    expect(own.toString()).toBe('the content of the disk')
  })
})
