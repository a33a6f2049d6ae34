// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { scancodesOfKeycode, scancodesOfKeysym } from './keyboard.ts'

describe('extended key events', () => {
  it.each<[string, number, boolean, number[]]>([
    ['a plain key going down', 0x1e, true, [0x1e]],
    ['a plain key going up', 0x1e, false, [0x9e]],
    ['a key behind e0 going down', 0x9d, true, [0xe0, 0x1d]],
    ['a key behind e0 going up', 0x9d, false, [0xe0, 0x9d]],
    ['Pause going down', 0xc6, true, [0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5]],
    ['Pause going up', 0xc6, false, []],
    ['no key', 0, true, []],
    ['a code beyond a byte', 0x100, true, []],
  ])('send %s as a keyboard would', (_name, keycode, down, bytes) => {
    expect(scancodesOfKeycode(keycode, down)).toEqual(bytes)
  })
})

describe('keysyms', () => {
  it('land where a US keyboard has them, shifted or not', () => {
    for (const [plain, shifted] of ['aA', '1!', '-_', ';:', '\'"', '\\|', '/?', '`~', '=+'].map((pair) => [...pair])) {
      const code = scancodesOfKeysym(plain?.charCodeAt(0) ?? 0, true)
      expect(code).toHaveLength(1)
      expect(scancodesOfKeysym(shifted?.charCodeAt(0) ?? 0, true)).toEqual(code)
    }
    expect(scancodesOfKeysym('q'.charCodeAt(0), true)).toEqual([0x10])
    expect(scancodesOfKeysym('m'.charCodeAt(0), true)).toEqual([0x32])
  })

  it('name keys, of which the grey ones come behind e0', () => {
    expect(scancodesOfKeysym(0xff0d, true)).toEqual([0x1c])
    expect(scancodesOfKeysym(0xff8d, true)).toEqual([0xe0, 0x1c])
    expect(scancodesOfKeysym(0xff52, false)).toEqual([0xe0, 0xc8])
    expect(scancodesOfKeysym(0xffbe, true)).toEqual([0x3b])
    expect(scancodesOfKeysym(0xffc9, true)).toEqual([0x58])
  })

  it('that a US keyboard lacks send nothing', () => {
    expect(scancodesOfKeysym(0xe4, true)).toEqual([])
  })
})
