// SPDX-License-Identifier: Apache-2.0
import { inflateSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { encodePng } from './encode-png.ts'

it('encodes a frame as a PNG whose rows are the differences to the row above', async () => {
  const rgba = Uint8Array.from([255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 10, 20, 30, 255])
  const png = Buffer.from(await encodePng({ width: 2, height: 2, rgba }))
  expect(png.subarray(0, 33).toString('hex')).toBe('89504e470d0a1a0a0000000d4948445200000002000000020806000000' + '72b60d24')
  const length = png.readUInt32BE(33)
  expect(png.toString('latin1', 37, 41)).toBe('IDAT')
  expect([...inflateSync(png.subarray(41, 41 + length))]).toEqual([2, 255, 0, 0, 255, 0, 255, 0, 255, 2, 1, 0, 255, 0, 10, 21, 30, 0])
  expect(png.subarray(-12).toString('hex')).toBe('0000000049454e44ae426082')
})
