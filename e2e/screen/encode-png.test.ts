// SPDX-License-Identifier: Apache-2.0
import { crc32, inflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { encodePng } from './encode-png.ts'

interface Chunk {
  readonly type: string
  readonly data: Buffer
}

/** Walks the chunks as ISO/IEC 15948 section 5.3 lays them out. */
function chunksOf(png: Buffer): Chunk[] {
  const chunks: Chunk[] = []
  for (let position = 8; position < png.length; ) {
    const length = png.readUInt32BE(position)
    const body = png.subarray(position + 4, position + 8 + length)
    expect(png.readUInt32BE(position + 8 + length)).toBe(crc32(body))
    chunks.push({ type: body.toString('latin1', 0, 4), data: body.subarray(4) })
    position += 12 + length
  }
  return chunks
}

describe('encodePng', () => {
  it('writes size, colour type and every pixel in red, green, blue order', () => {
    const png = encodePng({ width: 2, height: 2, pixels: Uint32Array.of(0xff_00_00, 0x00_ff_00, 0x00_00_ff, 0x12_34_56) })
    expect(png.subarray(0, 8).toString('hex')).toBe('89504e470d0a1a0a')
    const chunks = chunksOf(png)
    expect(chunks.map((chunk) => chunk.type)).toEqual(['IHDR', 'IDAT', 'IEND'])
    expect(chunks[0]?.data.toString('hex')).toBe('00000002000000020802000000')
    expect(inflateSync(chunks[1]?.data ?? Buffer.alloc(0)).toString('hex')).toBe('00ff000000ff00000000ff123456')
  })
})
