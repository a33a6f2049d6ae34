// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { encodeRecord, parseRecord } from './demo-record.ts'

const refused = expect.objectContaining({ code: 'image-invalid' })

describe('the record in sector 1', () => {
  it('reads back what was written', () => {
    const record = { nonceOffset: 30 * 1024 * 1024, releaseOffset: 1024 }
    expect(parseRecord(encodeRecord(record))).toEqual(record)
  })

  it('is refused when its magic differs in one bit', () => {
    const sector = encodeRecord({ nonceOffset: 4096, releaseOffset: 8192 })
    sector.writeUInt8(sector.readUInt8(0) ^ 1, 0)
    expect(() => parseRecord(sector)).toThrow(refused)
  })

  it.each([512, 1025, 0])('is refused when it points at offset %d, which is no sector behind it', (nonceOffset) => {
    expect(() => parseRecord(encodeRecord({ nonceOffset, releaseOffset: 8192 }))).toThrow(refused)
  })

  it('is refused when the disk ends within it', () => {
    expect(() => parseRecord(encodeRecord({ nonceOffset: 4096, releaseOffset: 8192 }).subarray(0, 511))).toThrow(refused)
  })
})
