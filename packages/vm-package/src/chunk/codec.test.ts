// SPDX-License-Identifier: Apache-2.0
import { hash, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { decodeMessage, encodeMessage } from './codec.ts'

const refuse = (why: string) => new Error(why)

describe('a message', () => {
  it('is compressed where that saves a unit of 4 KiB', () => {
    const plain = Buffer.alloc(65_536, 'abc')
    const message = encodeMessage(plain)
    expect([message.readUInt8(0), message.length]).toEqual([1, 4096])
    expect(decodeMessage(message, plain.length, refuse)).toEqual(plain)
  })

  it('is raw where compression saves nothing', () => {
    const plain = randomBytes(8192)
    const message = encodeMessage(plain)
    expect([message.readUInt8(0), message.readUInt32BE(1), message.length]).toEqual([0, 8192, 12_288])
    expect(decodeMessage(message, plain.length, refuse)).toEqual(plain)
  })

  it('that would grow beyond what its index promises is refused, and read where the index promises as much', () => {
    const message = encodeMessage(Buffer.alloc(1_048_576))
    expect(() => decodeMessage(message, 4096, refuse)).toThrow('expected a zstd frame of 4096 bytes')
    expect(decodeMessage(message, 1_048_576, refuse)).toHaveLength(1_048_576)
  })

  it('is one frame, whatever its length', () => {
    const text = hash('shake256', 'casemate', { outputEncoding: 'hex', outputLength: 40_000 })
    const lengths = new Set<number>()
    for (let length = 65_200; length < 65_500; length += 1) {
      const plain = Buffer.from(text.slice(0, length))
      const message = encodeMessage(plain)
      expect(decodeMessage(message, plain.length, refuse).equals(plain)).toBe(true)
      lengths.add(message.readUInt32BE(1))
    }
    // The room that Node gives a compressor unless told: a frame that fills it was followed by an empty one.
    expect(lengths).toContain(32_768)
  })
})
