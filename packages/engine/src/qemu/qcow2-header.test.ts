// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { parseOverlayHeader } from './qcow2-header.ts'

/** The header that `qemu-img create` writes for a LUKS overlay, without what lies behind it. */
function header(): Buffer {
  const bytes = Buffer.alloc(512)
  bytes.writeUInt32BE(0x514649fb, 0)
  bytes.writeUInt32BE(3, 4)
  bytes.writeUInt32BE(16, 20)
  bytes.writeBigUInt64BE(1n << 30n, 24)
  bytes.writeUInt32BE(2, 32)
  bytes.writeUInt32BE(4, 96)
  bytes.writeUInt32BE(112, 100)
  writeExtension(bytes, 112, 0x0537be77, 16)
  writeExtension(bytes, 136, 0x6803f857, 48)
  return bytes
}

function writeExtension(bytes: Buffer, offset: number, type: number, length: number): void {
  bytes.writeUInt32BE(type, offset)
  bytes.writeUInt32BE(length, offset + 4)
}

describe('an overlay header', () => {
  it('tells the size of the disk', () => {
    expect(parseOverlayHeader(header())).toEqual({ sizeBytes: 1 << 30 })
  })

  it('may be marked dirty, as a crash leaves it', () => {
    const bytes = header()
    bytes.writeBigUInt64BE(1n, 72)
    expect(parseOverlayHeader(bytes).sizeBytes).toBe(1 << 30)
  })

  it.each<[string, (bytes: Buffer) => unknown]>([
    ['has another magic', (bytes) => bytes.writeUInt32BE(0x514649fa, 0)],
    ['has version 2', (bytes) => bytes.writeUInt32BE(2, 4)],
    ['points to a backing file', (bytes) => bytes.writeBigUInt64BE(400n, 8)],
    ['has the length of a backing file', (bytes) => bytes.writeUInt32BE(9, 16)],
    ['is not encrypted', (bytes) => bytes.writeUInt32BE(0, 32)],
    ['is encrypted the old way', (bytes) => bytes.writeUInt32BE(1, 32)],
    ['is marked corrupt', (bytes) => bytes.writeBigUInt64BE(2n, 72)],
    ['keeps its data in another file', (bytes) => bytes.writeBigUInt64BE(4n, 72)],
    ['names a backing format', (bytes) => writeExtension(bytes, 136, 0xe2792aca, 8)],
    ['names a data file', (bytes) => writeExtension(bytes, 136, 0x44415441, 8)],
    ['has an unknown extension', (bytes) => writeExtension(bytes, 136, 0x12345678, 8)],
    ['points to no LUKS header', (bytes) => writeExtension(bytes, 112, 0x6803f857, 16)],
    ['has no end of extensions', (bytes) => writeExtension(bytes, 136, 0x6803f857, 368)],
    ['has an extension beyond its end', (bytes) => writeExtension(bytes, 136, 0x6803f857, 0xffffffff)],
    ['has a header of odd length', (bytes) => bytes.writeUInt32BE(113, 100)],
    ['has no size', (bytes) => bytes.writeBigUInt64BE(0n, 24)],
  ])('is refused when it %s', (_, alter) => {
    const bytes = header()
    alter(bytes)
    expect(() => parseOverlayHeader(bytes)).toThrow(expect.objectContaining({ code: 'overlay-altered' }))
  })

  it.each([0, 3, 111])('is refused when only %i bytes are there', (length) => {
    expect(() => parseOverlayHeader(header().subarray(0, length))).toThrow(expect.objectContaining({ code: 'overlay-altered' }))
  })
})
