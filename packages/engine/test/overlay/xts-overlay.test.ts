// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto'
import { copyFile, mkdtemp, open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GrowthBudget } from '../../src/limits/disk-growth.ts'
import { logPosition } from '../../src/overlay/layout.ts'
import { createOverlay, type OverlayBase, openOverlay } from '../../src/overlay/xts-overlay.ts'

const BLOCK = 4096
const key = randomBytes(32)
const binding = 'package sha256 and disk'
let root: string
let counter = 0

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'overlay-'))
})
afterAll(() => rm(root, { recursive: true }))

const newFile = () => join(root, `overlay-${counter++}`)

function baseOf(bytes: Buffer): OverlayBase {
  return { size: bytes.length, read: async (offset, length) => bytes.subarray(offset, offset + length) }
}

type Step =
  | { readonly act: 'write' | 'read'; readonly at: number; readonly length: number; readonly fill: number }
  | { readonly act: 'flush' }
  | { readonly act: 'reopen' }

const size = 40 * BLOCK + 1000
const place = { at: fc.nat(size - 1), length: fc.integer({ min: 1, max: 5 * BLOCK }), fill: fc.integer({ min: 1, max: 255 }) }
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ act: fc.constant('write' as const), ...place }) },
  { weight: 4, arbitrary: fc.record({ act: fc.constant('read' as const), ...place }) },
  { weight: 1, arbitrary: fc.constantFrom({ act: 'flush' } as const, { act: 'reopen' } as const) },
)

describe('an overlay', () => {
  it.each([0, 17 * BLOCK + 300, size, size + 3 * BLOCK])(
    'reads like a plain array over a base of %i bytes, through flushes and reopening',
    async (baseSize) => {
      const base = randomBytes(baseSize)
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
          const file = newFile()
          await createOverlay({ file, key, binding, size })
          const model = Buffer.alloc(size)
          base.copy(model, 0, 0, Math.min(size, baseSize))
          const reopen = () => openOverlay({ file, key, binding, base: baseSize === 0 ? null : baseOf(base) })
          let overlay = await reopen()
          for (const one of steps) {
            if (one.act === 'flush') await overlay.flush()
            else if (one.act === 'reopen') {
              await overlay.flush()
              await overlay.close()
              overlay = await reopen()
            } else {
              const length = Math.min(one.length, size - one.at)
              if (one.act === 'write') {
                await overlay.write(one.at, Buffer.alloc(length, one.fill))
                model.fill(one.fill, one.at, one.at + length)
              } else expect((await overlay.read(one.at, length)).equals(model.subarray(one.at, one.at + length))).toBe(true)
            }
          }
          expect((await overlay.read(0, size)).equals(model)).toBe(true)
          await overlay.close()
          await rm(file)
        }),
        { numRuns: 40 },
      )
    },
  )

  it('keeps both of two writes into one block that run at once', async () => {
    const file = newFile()
    await createOverlay({ file, key, binding, size })
    const overlay = await openOverlay({ file, key, binding, base: baseOf(randomBytes(size)) })
    await Promise.all(Array.from({ length: 8 }, (_, index) => overlay.write(index * 512, Buffer.alloc(512, index + 1))))
    expect([...(await overlay.read(0, BLOCK))].map((byte, at) => byte === Math.floor(at / 512) + 1).every(Boolean)).toBe(true)
    await overlay.close()
  })

  it('knows what is zero: what neither it nor its base holds', async () => {
    const file = newFile()
    await createOverlay({ file, key, binding, size: 16 * BLOCK })
    const base: OverlayBase = { ...baseOf(Buffer.alloc(8 * BLOCK)), extents: async (_offset, length) => [{ length, zero: false }] }
    const overlay = await openOverlay({ file, key, binding, base })
    await overlay.write(10 * BLOCK, Buffer.alloc(BLOCK, 1))
    expect(await overlay.extents(7 * BLOCK, 6 * BLOCK)).toEqual([
      { length: BLOCK, zero: false },
      { length: 2 * BLOCK, zero: true },
      { length: BLOCK, zero: false },
      { length: 2 * BLOCK, zero: true },
    ])
    await overlay.close()
  })

  it('holds no plain text', async () => {
    const file = newFile()
    const secret = Buffer.from('the guest wrote this sentence into its disk')
    await createOverlay({ file, key, binding, size })
    const overlay = await openOverlay({ file, key, binding, base: null })
    await overlay.write(BLOCK, Buffer.concat(Array.from({ length: 50 }, () => secret)))
    await overlay.flush()
    expect((await overlay.read(BLOCK, secret.length)).equals(secret)).toBe(true)
    await overlay.close()
    expect((await readFile(file)).includes(secret.subarray(0, 12))).toBe(false)
  })

  it('lets an error of the base through, and reads its neighbour', async () => {
    const file = newFile()
    await createOverlay({ file, key, binding, size })
    const base: OverlayBase = {
      size,
      read: async (offset, length) => {
        if (offset === 0) throw new Error('chunk missing')
        return Buffer.alloc(length, 9)
      },
    }
    const overlay = await openOverlay({ file, key, binding, base })
    await expect(overlay.read(0, 10)).rejects.toThrow('chunk missing')
    await expect(overlay.write(0, Buffer.alloc(10))).rejects.toThrow('chunk missing')
    expect((await overlay.read(BLOCK, 1))[0]).toBe(9)
    await overlay.write(0, Buffer.alloc(BLOCK, 3))
    expect((await overlay.read(0, 1))[0]).toBe(3)
    await overlay.close()
  })

  it('refuses what lies beyond its end, and takes its last byte', async () => {
    const file = newFile()
    await createOverlay({ file, key, binding, size })
    const overlay = await openOverlay({ file, key, binding, base: null })
    await expect(overlay.write(size, Buffer.alloc(1))).rejects.toThrow(RangeError)
    await expect(overlay.read(size - 1, 2)).rejects.toThrow(RangeError)
    await overlay.write(size - 1, Buffer.alloc(1, 7))
    expect((await overlay.read(size - 1, 1))[0]).toBe(7)
    await overlay.close()
  })
})

describe('creating an overlay', () => {
  it('fills a disk of its own from a template, and the template is not needed after', async () => {
    const template = randomBytes(9 * BLOCK + 17)
    template.fill(0, 2 * BLOCK, 5 * BLOCK)
    const fillFrom: OverlayBase = {
      ...baseOf(template),
      extents: async () => [
        { length: 2 * BLOCK, zero: false },
        { length: 3 * BLOCK, zero: true },
        { length: template.length - 5 * BLOCK, zero: false },
      ],
    }
    const file = newFile()
    await createOverlay({ file, key, binding, size: 20 * BLOCK, fillFrom })
    const overlay = await openOverlay({ file, key, binding, base: null })
    const found = await overlay.read(0, 20 * BLOCK)
    expect(found.subarray(0, template.length).equals(template)).toBe(true)
    expect(found.subarray(template.length).every((byte) => byte === 0)).toBe(true)
    expect((await overlay.extents(2 * BLOCK, 3 * BLOCK))[0]).toEqual({ length: 3 * BLOCK, zero: true })
    await overlay.close()
  })

  it('never overwrites one', async () => {
    const file = newFile()
    await createOverlay({ file, key, binding, size })
    const before = await readFile(file)
    await expect(createOverlay({ file, key, binding, size })).rejects.toMatchObject({ code: 'overlay-exists' })
    expect((await readFile(file)).equals(before)).toBe(true)
  })

  it('leaves nothing behind where the template cannot be read', async () => {
    const folder = await mkdtemp(join(root, 'empty-'))
    const fillFrom: OverlayBase = { size, read: () => Promise.reject(new Error('chunk missing')) }
    await expect(createOverlay({ file: join(folder, 'disk'), key, binding, size, fillFrom })).rejects.toThrow('chunk missing')
    expect(await readdir(folder)).toEqual([])
    await createOverlay({ file: join(folder, 'disk'), key, binding, size })
    expect(await readdir(folder)).toEqual(['disk'])
  })
})

describe('opening an overlay', () => {
  const written = async (): Promise<string> => {
    const file = newFile()
    await createOverlay({ file, key, binding, size })
    const overlay = await openOverlay({ file, key, binding, base: null })
    for (let block = 0; block < 6; block += 2) {
      await overlay.write(block * BLOCK, Buffer.alloc(BLOCK, block + 1))
      await overlay.flush()
    }
    await overlay.close()
    return file
  }

  it.each([
    ['another key', { key: randomBytes(32), binding }],
    ['another binding', { key, binding: 'another package' }],
  ])('refuses %s and opens under its own', async (_name, identity) => {
    const file = await written()
    await expect(openOverlay({ file, ...identity, base: null })).rejects.toMatchObject({ code: 'overlay-mismatch' })
    await (await openOverlay({ file, key, binding, base: null })).close()
  })

  it('refuses a header of which any one byte was changed', async () => {
    const file = await written()
    const whole = await readFile(file)
    for (let at = 0; at < 160; at++) {
      const changed = Buffer.from(whole)
      changed[at] = (changed[at] ?? 0) ^ 0x40
      await writeFile(file, changed)
      await expect(openOverlay({ file, key, binding, base: null }), `byte ${at}`).rejects.toMatchObject({
        code: at < 128 ? 'overlay-altered' : 'overlay-mismatch',
      })
    }
    await writeFile(file, whole)
    await (await openOverlay({ file, key, binding, base: null })).close()
  })

  it('refuses a header that is cut short, out of order or that of another overlay', async () => {
    const [file, other] = [await written(), await written()]
    const whole = await readFile(file)
    const halves = Buffer.concat([whole.subarray(64, 128), whole.subarray(0, 64), whole.subarray(128)])
    const foreign = Buffer.concat([(await readFile(other)).subarray(0, 4096), whole.subarray(4096)])
    for (const changed of [whole.subarray(0, 0), whole.subarray(0, 127), whole.subarray(0, 4096), whole.subarray(0, 8192), halves, foreign]) {
      await writeFile(file, changed)
      await expect(openOverlay({ file, key, binding, base: null }), `${changed.length} bytes`).rejects.toMatchObject({ code: 'overlay-altered' })
    }
    await writeFile(file, whole)
    await (await openOverlay({ file, key, binding, base: null })).close()
  })

  it('refuses a log of which any one durable byte was changed or cut off', async () => {
    const file = await written()
    const whole = await readFile(file)
    const start = logPosition(size)
    expect(whole.length).toBeGreaterThan(start)
    for (let at = start; at < whole.length; at++) {
      const changed = Buffer.from(whole)
      changed[at] = (changed[at] ?? 0) ^ 1
      await writeFile(file, changed)
      await expect(openOverlay({ file, key, binding, base: null }), `byte ${at}`).rejects.toMatchObject({ code: 'overlay-altered' })
      await writeFile(file, whole.subarray(0, at))
      await expect(openOverlay({ file, key, binding, base: null }), `cut at ${at}`).rejects.toMatchObject({ code: 'overlay-altered' })
    }
    await writeFile(file, whole)
    await (await openOverlay({ file, key, binding, base: null })).close()
  })

  it('refuses when both commit slots were changed, and opens when one was being written', async () => {
    const file = await written()
    const damage = async (...places: number[]) => {
      const copy = newFile()
      await copyFile(file, copy)
      const handle = await open(copy, 'r+')
      for (const place of places) await handle.write(Buffer.from([0xff]), 0, 1, place)
      await handle.close()
      return copy
    }
    await expect(openOverlay({ file: await damage(4096, 4608), key, binding, base: null })).rejects.toMatchObject({ code: 'overlay-altered' })
    for (const slot of [4096, 4608]) await (await openOverlay({ file: await damage(slot), key, binding, base: null })).close()
  })
})

describe('a limit of growth', () => {
  it('refuses a write that needs new blocks beyond it and keeps all else, over what is there at opening too', async () => {
    const file = newFile()
    await createOverlay({ file, key, binding, size })
    const growth = new GrowthBudget()
    await growth.set(8192 + 2 * (4096 + 44))
    const overlay = await openOverlay({ file, key, binding, base: null, growth })
    await overlay.write(0, Buffer.alloc(4096, 1))
    await expect(overlay.write(4096, Buffer.alloc(8192, 2))).rejects.toMatchObject({ code: 'disk-growth-reached' })
    await overlay.write(4095, Buffer.alloc(2, 3))
    await overlay.flush()
    expect((await stat(file)).blocks * 512).toBeLessThanOrEqual(8192 + 2 * (4096 + 44) + 8192)
    await expect(overlay.write(8192, Buffer.alloc(1, 4))).rejects.toMatchObject({ code: 'disk-growth-reached' })
    await overlay.close()
    const again = new GrowthBudget()
    const reopened = await openOverlay({ file, key, binding, base: null, growth: again })
    await again.set(8192 + 3 * (4096 + 44))
    await reopened.write(8192, Buffer.alloc(4096, 5))
    await expect(reopened.write(12_288, Buffer.alloc(1, 6))).rejects.toMatchObject({ code: 'disk-growth-reached' })
    expect([...(await reopened.read(4094, 3))]).toEqual([1, 3, 3])
    await reopened.close()
  })
})

describe('a crash', () => {
  /** Two flushed generations and a third that was written only: a file for each moment. */
  const generations = async () => {
    const file = newFile()
    await createOverlay({ file, key, binding, size })
    const overlay = await openOverlay({ file, key, binding, base: baseOf(Buffer.alloc(size, 0xee)) })
    const snapshot = async () => await readFile(file)
    await overlay.write(3 * BLOCK, Buffer.alloc(2 * BLOCK, 1))
    await overlay.flush()
    const flushed = await snapshot()
    await overlay.write(4 * BLOCK, Buffer.alloc(3 * BLOCK, 2))
    const written = await snapshot()
    await overlay.flush()
    const after = await snapshot()
    await overlay.close()
    return { flushed, written, after }
  }

  const readAll = async (image: Buffer): Promise<Buffer> => {
    const file = newFile()
    await writeFile(file, image)
    const overlay = await openOverlay({ file, key, binding, base: baseOf(Buffer.alloc(size, 0xee)) })
    const bytes = await overlay.read(0, size)
    await overlay.write(0, Buffer.alloc(BLOCK, 5))
    await overlay.flush()
    await overlay.close()
    const again = await openOverlay({ file, key, binding, base: baseOf(Buffer.alloc(size, 0xee)) })
    expect((await again.read(0, 1))[0]).toBe(5)
    await again.close()
    return bytes
  }

  const expectOldOrNew = (bytes: Buffer): void => {
    const allowed = (at: number): number[] =>
      at < 3 * BLOCK ? [0xee] : at < 4 * BLOCK ? [1] : at < 5 * BLOCK ? [1, 2] : at < 7 * BLOCK ? [0xee, 2] : [0xee]
    expect(bytes.findIndex((byte, at) => !allowed(at).includes(byte))).toBe(-1)
  }

  it('before a flush leaves each sector as it was or as written, whichever sectors reached the disk', async () => {
    const { flushed, written } = await generations()
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.boolean()), async (reached) => {
        const image = Buffer.from(flushed)
        for (let at = 0; at < written.length; at += 512) {
          if (reached.next().value === true) written.copy(image, at, at, Math.min(at + 512, written.length))
        }
        expectOldOrNew(await readAll(image))
      }),
      { numRuns: 60 },
    )
  })

  it('within the append to the log leaves the flush done or not, at whatever byte it stopped', async () => {
    const { flushed, written, after } = await generations()
    const start = logPosition(size)
    for (let end = flushed.length; end <= after.length; end++) {
      const image = Buffer.concat([written.subarray(0, start), after.subarray(start, end)])
      const bytes = await readAll(image)
      expectOldOrNew(bytes)
      expect(bytes[6 * BLOCK]).toBe(end === after.length ? 2 : 0xee)
    }
  })

  it('after a flush loses none of it, with the commit slot written or not', async () => {
    const { written, after } = await generations()
    const oldSlots = Buffer.from(after)
    written.copy(oldSlots, 4096, 4096, 8192)
    for (const image of [after, oldSlots]) {
      const bytes = await readAll(image)
      expect([bytes[3 * BLOCK], bytes[4 * BLOCK], bytes[6 * BLOCK]]).toEqual([1, 2, 2])
    }
  })
})

it('takes the space of what was written, not of the disk', async () => {
  const file = newFile()
  await createOverlay({ file, key, binding, size: 8 * 1024 ** 3 })
  const overlay = await openOverlay({ file, key, binding, base: null })
  await overlay.write(5 * 1024 ** 3, Buffer.alloc(BLOCK, 1))
  await overlay.flush()
  await overlay.close()
  expect((await stat(file)).blocks * 512).toBeLessThan(1024 * 1024)
  await truncate(file, 0)
  await expect(openOverlay({ file, key, binding, base: null })).rejects.toMatchObject({ code: 'overlay-altered' })
})
