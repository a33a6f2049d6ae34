// SPDX-License-Identifier: Apache-2.0
import { hash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { regionBlocks } from '../chunk/cut.ts'
import type { SourceExtent } from '../source/disk-source.ts'
import { batchBytes, cutRegion } from './cut-region.ts'

const takeBuffer = async () => Buffer.from(new ArrayBuffer(batchBytes)).fill(0xee)

/** The runs of a region with their bytes, read as `extent` says. */
async function runsOf(disk: Buffer, offset: number, blocks: number, extent: (at: number, length: number) => SourceExtent) {
  const read = async (at: number, into: Buffer) => void disk.copy(into, 0, at, at + into.length)
  const found: { readonly blocks: number; readonly bytes: Buffer | null }[] = []
  const source = { read, extent: async (at: number, length: number) => extent(at, length) }
  for await (const { buffer, runs } of cutRegion(source, { offset, blocks }, takeBuffer)) {
    for (const run of runs) {
      found.push({ blocks: run.blocks, bytes: run.at === null ? null : Buffer.from(buffer.subarray(run.at, run.at + run.blocks * 4096)) })
    }
  }
  return found
}

const readAll = (_: number, length: number): SourceExtent => ({ length, zero: false })

describe('cutRegion', () => {
  it('gives each run the bytes of its place, across pieces and buffers', async () => {
    const values = Array.from({ length: 5000 }, (_, index) => (index % 900 < 50 ? 0 : 1 + (index % 200)))
    const disk = Buffer.concat(values.map((value) => Buffer.alloc(4096, value)))
    const offset = 4096 * 3
    let at = offset
    for (const { blocks, bytes } of await runsOf(disk, offset, 4990, readAll)) {
      expect((bytes ?? Buffer.alloc(blocks * 4096)).equals(disk.subarray(at, at + blocks * 4096))).toBe(true)
      at += blocks * 4096
    }
    expect(at).toBe(offset + 4990 * 4096)
  })

  it('ends a run with the region', async () => {
    const runs = await runsOf(Buffer.alloc(0), 0, regionBlocks, (_, length) => ({ length, zero: true }))
    expect(runs).toEqual([{ blocks: regionBlocks, bytes: null }])
  })

  it('cuts the same whether zeros are known or read', async () => {
    const parts = fc.array(fc.record({ value: fc.constantFrom(0, 6, 19), blocks: fc.integer({ min: 1, max: 600 }) }), { minLength: 1, maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(parts, fc.integer({ min: 1, max: 700 }), async (some, grain) => {
        const values = some.flatMap(({ value, blocks }) => Array.from({ length: blocks }, () => value))
        const disk = Buffer.concat(values.map((value) => Buffer.alloc(4096, value)))
        // Tells of zeros in pieces of `grain` blocks, so that known ones lie beside ones that are read.
        const told = (at: number, length: number): SourceExtent => {
          const end = Math.min(at + length, (Math.floor(at / 4096 / grain) + 1) * grain * 4096)
          return { length: end - at, zero: values.slice(at / 4096, end / 4096).every((value) => value === 0) }
        }
        const digest = (run: { blocks: number; bytes: Buffer | null }) => [run.blocks, run.bytes && hash('sha256', run.bytes, 'hex')]
        const known = await runsOf(disk, 0, values.length, told)
        expect(known.map(digest)).toEqual((await runsOf(disk, 0, values.length, readAll)).map(digest))
      }),
      { numRuns: 20 },
    )
  })
})
