// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto'
import { open, readdir, readlink } from 'node:fs/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { OpeningPool } from '../src/read/opening-pool.ts'
import { openPackageDisk } from '../src/read/package-device.ts'
import { openScratch } from '../src/read/scratch.ts'
import { contentOf, sealContent, systemDisk, temporaryFolder } from './disks.ts'

const pool = new OpeningPool(1)
const chunkBytes = 65_536

async function newScratch(limitBytes = 1_048_576) {
  const folder = await temporaryFolder()
  const scratch = await openScratch({ folder, limitBytes, pool, onFailure: (error) => expect.unreachable(String(error)) })
  onTestFinished(() => scratch.close())
  return { folder, scratch }
}

/** Reads `length` bytes at `from` once they have been written. */
async function readBack(scratch: Awaited<ReturnType<typeof openScratch>>, name: string, from = 0, length = 4096): Promise<Buffer> {
  const into = Buffer.alloc(length)
  await vi.waitFor(() => expect(scratch.read(name, from, into)).toBe(true), { timeout: 20_000, interval: 5 })
  return into
}

/** A chunk that the scratch may take over, and a copy of it. */
function chunk(): { readonly plain: Uint8Array<ArrayBuffer>; readonly content: Buffer } {
  const content = randomBytes(chunkBytes)
  const plain = new Uint8Array(chunkBytes)
  plain.set(content)
  return { plain, content }
}

/** Opens the file without a name through this process's own handles (proc(5)). */
async function openNameless(folder: string) {
  for (const fd of await readdir('/proc/self/fd')) {
    const target = await readlink(`/proc/self/fd/${fd}`).catch(() => '')
    if (target.startsWith(`${folder}/.scratch-`)) return await open(`/proc/self/fd/${fd}`, 'r+')
  }
  throw new Error('there is no scratch file')
}

describe('the scratch file', () => {
  it('gives back any bytes of a chunk, has no name and shows nothing in the clear', async () => {
    const { folder, scratch } = await newScratch()
    const { plain, content } = chunk()
    scratch.keep('a', plain)
    expect((await readBack(scratch, 'a')).equals(content.subarray(0, 4096))).toBe(true)
    expect((await readBack(scratch, 'a', 4000, 5000)).equals(content.subarray(4000, 9000))).toBe(true)
    expect(await readdir(folder)).toEqual([])
    const file = await openNameless(folder)
    const raw = Buffer.alloc(chunkBytes)
    await file.read(raw, 0, chunkBytes, 0)
    await file.close()
    expect(raw.includes(content.subarray(0, 16))).toBe(false)
  })

  it('gives nothing for a sector whose bytes were changed or swapped, and the others as before', async () => {
    const { folder, scratch } = await newScratch()
    const first = chunk()
    const second = chunk()
    scratch.keep('a', first.plain)
    scratch.keep('b', second.plain)
    await readBack(scratch, 'a')
    await readBack(scratch, 'b')
    const file = await openNameless(folder)
    onTestFinished(() => file.close())
    const sector = Buffer.alloc(4096)
    await file.read(sector, 0, 4096, 4096)
    await file.write(sector, 0, 4096, 0)
    expect(scratch.read('a', 4096, Buffer.alloc(4096))).toBe(true)
    expect(scratch.read('a', 0, Buffer.alloc(4096))).toBe(false)
    expect((await readBack(scratch, 'b')).equals(second.content.subarray(0, 4096))).toBe(true)
  })

  it('gives up the oldest chunks when it is full', async () => {
    const { scratch } = await newScratch(3 * chunkBytes)
    const chunks = ['a', 'b', 'c', 'd'].map((name) => ({ name, ...chunk() }))
    for (const { name, plain } of chunks) {
      scratch.keep(name, plain)
      await readBack(scratch, name)
    }
    expect(['a', 'b', 'c', 'd'].map((name) => scratch.has(name))).toEqual([false, true, true, true])
    for (const { name, content } of chunks.slice(1)) expect((await readBack(scratch, name)).equals(content.subarray(0, 4096))).toBe(true)
  })
})

describe('a disk with little memory and a scratch file', () => {
  it('answers small reads here and there truly, the second time without opening their chunks again', async () => {
    const sealed = await sealContent(contentOf({ sectors: 8192, parts: [{ at: 0, blocks: 1024, content: 'random' }] }))
    const disk = await openPackageDisk({
      disk: systemDisk(sealed),
      packageKey: sealed.packageKey,
      origin: sealed.store,
      plaintextBytes: 1,
      scratch: { folder: sealed.folder, limitBytes: 16_777_216 },
    })
    onTestFinished(() => disk.close())
    const places = Array.from({ length: 64 }, (_, at) => ((at * 37) % 64) * 65_536)
    for (const at of places) expect((await disk.read(at, 4096)).equals(sealed.content.subarray(at, at + 4096))).toBe(true)
    const into = Buffer.alloc(4096)
    for (const at of places) {
      await vi.waitFor(() => expect(disk.readNow(at, into)).toBe(true), { timeout: 20_000, interval: 5 })
      expect(into.equals(sealed.content.subarray(at, at + 4096))).toBe(true)
    }
  })
})
