// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { decodeMessage, encodeMessage } from './codec.ts'

const refuse = (why: string) => new Error(why)

describe('a message', () => {
  it('is compressed where that saves a unit of 4 KiB', async () => {
    const plain = Buffer.alloc(65_536, 'abc')
    const message = await encodeMessage(plain)
    expect([message.readUInt8(0), message.length]).toEqual([1, 4096])
    expect(await decodeMessage(message, plain.length, refuse)).toEqual(plain)
  })

  it('is raw where compression saves nothing', async () => {
    const plain = randomBytes(8192)
    const message = await encodeMessage(plain)
    expect([message.readUInt8(0), message.readUInt32BE(1), message.length]).toEqual([0, 8192, 12_288])
    expect(await decodeMessage(message, plain.length, refuse)).toEqual(plain)
  })

  it('that would grow beyond what its index promises is refused, and read where the index promises as much', async () => {
    const message = await encodeMessage(Buffer.alloc(1_048_576))
    await expect(decodeMessage(message, 4096, refuse)).rejects.toThrow('expected a zstd frame of 4096 bytes')
    expect(await decodeMessage(message, 1_048_576, refuse)).toHaveLength(1_048_576)
  })
})
