// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { namedKey, strokeFor } from './us-keyboard.ts'

describe('strokeFor', () => {
  it('has a key for every printable ASCII character, Enter and Tab', () => {
    const characters = [...Array.from({ length: 95 }, (_, index) => String.fromCharCode(0x20 + index)), '\n', '\t']
    const strokes = characters.map(strokeFor)
    expect(new Set(strokes.map((stroke) => `${stroke.scanCode} ${stroke.shift}`)).size).toBe(characters.length)
  })

  // IBM PC AT scan code set 1.
  it.each([
    ['1', 0x02, false],
    ['!', 0x02, true],
    ['q', 0x10, false],
    ['A', 0x1e, true],
    ['`', 0x29, false],
    ['|', 0x2b, true],
    ['z', 0x2c, false],
    ['?', 0x35, true],
    [' ', 0x39, false],
    ['\n', 0x1c, false],
  ])('types %j by scan code %d, shift %s', (character, scanCode, shift) => {
    expect(strokeFor(character)).toMatchObject({ scanCode, shift })
  })

  it('refuses a character that the keyboard lacks', () => {
    expect(() => strokeFor('é')).toThrow(expect.objectContaining({ code: 'key-unknown' }))
  })
})

describe('namedKey', () => {
  it('marks keys with a prefix byte by the highest bit of their scan code', () => {
    expect(namedKey('Delete')).toEqual({ keysym: 0xffff, scanCode: 0xd3 })
    expect(namedKey('Enter')).toEqual({ keysym: 0xff0d, scanCode: 0x1c })
  })
})
