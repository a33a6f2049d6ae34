// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { WrittenBlocks } from './written-blocks.ts'

describe('the blocks that were written', () => {
  it('are all that a write touches, as few rising runs, and only of the disk that was written to', async () => {
    const bytes = Buffer.alloc(65_536)
    const written = new WrittenBlocks()
    const system = written.watch('system', {
      size: bytes.length,
      readOnly: false,
      read: async (offset, length) => bytes.subarray(offset, offset + length),
      write: async (offset, data) => bytes.set(data, offset),
    })
    written.watch('user', system)
    await system.write?.(40_960, Buffer.alloc(4096, 1))
    await system.write?.(4095, Buffer.alloc(2, 2))
    await system.write?.(8192, Buffer.alloc(512, 3))
    await system.write?.(40_960, Buffer.alloc(4096, 4))
    expect(written.runs('system')).toEqual([
      [0, 3],
      [10, 1],
    ])
    expect(written.runs('user')).toEqual([])
    expect([bytes[40_960], bytes[4095], (await system.read(8192, 1))[0]]).toEqual([4, 2, 3])
  })
})
