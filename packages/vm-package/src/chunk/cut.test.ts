// SPDX-License-Identifier: Apache-2.0
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Cutter, leastBlocks, mostBlocks, type Run } from './cut.ts'

const block = (value: number): Buffer => Buffer.alloc(4096, value)

function cut(values: readonly number[]): readonly Run[] {
  const cutter = new Cutter()
  const runs: Run[] = []
  for (const value of values) {
    const { before, after } = cutter.push(block(value))
    for (const run of [before, after]) if (run !== null) runs.push(run)
  }
  const last = cutter.end()
  return last === null ? runs : [...runs, last]
}

/** Long enough to reach both limits, with zeros and blocks that end a chunk among the others. */
const disks = fc
  .array(fc.record({ value: fc.constantFrom(0, 1, 2, 6, 19), times: fc.integer({ min: 1, max: 300 }) }), { minLength: 1, maxLength: 6 })
  .map((parts) => parts.flatMap(({ value, times }) => Array.from({ length: times }, () => value)))

describe('Cutter', () => {
  it('covers every block exactly once, in order, zeros as zeros', () => {
    fc.assert(
      fc.property(disks, (values) => {
        const zeros = cut(values).flatMap(({ zero, blocks }) => Array.from({ length: blocks }, () => zero))
        expect(zeros).toEqual(values.map((value) => value === 0))
      }),
      { numRuns: 60 },
    )
  })

  it('cuts data at 256 blocks at the latest, and below 16 only before zeros or at the end', () => {
    fc.assert(
      fc.property(disks, (values) => {
        const runs = cut(values)
        for (const [index, { zero, blocks }] of runs.entries()) {
          if (zero) continue
          const next = runs[index + 1]
          expect(blocks).toBeLessThanOrEqual(mostBlocks)
          expect(blocks >= leastBlocks || next === undefined || next.zero).toBe(true)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('cuts after the first block from the sixteenth on whose CRC-32 is a multiple of 48', () => {
    expect(crc32(block(6)) % 48).toBe(0)
    expect(crc32(block(1)) % 48).not.toBe(0)
    const before = Array.from({ length: 20 }, () => 1)
    expect(cut([...before, 6, 1])).toEqual([
      { zero: false, blocks: 21 },
      { zero: false, blocks: 1 },
    ])
    expect(cut([6, ...before])).toEqual([{ zero: false, blocks: 21 }])
  })

  it('finds the same cuts again after blocks were put in front', () => {
    const rest = Array.from({ length: 400 }, (_, index) => 1 + ((index * 7) % 250))
    const plain = cut(rest)
    const moved = cut([3, 3, 3, ...rest])
    expect(moved.slice(1)).toEqual(plain.slice(1))
    expect(plain.length).toBeGreaterThan(3)
  })
})
