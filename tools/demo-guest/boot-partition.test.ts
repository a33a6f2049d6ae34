// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { masterBootRecord } from './boot-partition.ts'

describe('masterBootRecord', () => {
  it('holds the boot code and each partition in sectors', () => {
    const code = Buffer.alloc(440, 0xaa)
    const sector = masterBootRecord(code, [
      { active: true, type: 0x0e, start: 1 << 20, size: 1 << 24 },
      { active: false, type: 0x83, start: 17 << 20, size: 1 << 26 },
    ])
    expect(sector.subarray(0, 440)).toEqual(code)
    expect(sector.readUInt16LE(510)).toBe(0xaa55)
    const [boot, root] = [sector.subarray(446, 462), sector.subarray(462, 478)]
    expect([boot.readUInt8(0), boot.readUInt8(4), boot.readUInt32LE(8)]).toEqual([0x80, 0x0e, 2048])
    expect([root.readUInt8(0), root.readUInt8(4)]).toEqual([0, 0x83])
    expect(root.readUInt32LE(8)).toBe(boot.readUInt32LE(8) + boot.readUInt32LE(12))
  })

  it('refuses boot code that would run into the partition table', () => {
    expect(() => masterBootRecord(Buffer.alloc(441), [])).toThrow(expect.objectContaining({ code: 'image-invalid' }))
  })
})
