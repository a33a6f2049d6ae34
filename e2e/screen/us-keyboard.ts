// SPDX-License-Identifier: Apache-2.0
//
// Keys of a US keyboard: the X11 keysym that RFB names them by, and the PC scan code (set 1; 0x80 added for keys with an
// 0xe0 prefix) that QEMU's extended key message carries.
import { ScreenError } from './error.ts'

export interface Key {
  readonly keysym: number
  readonly scanCode: number
}

export interface KeyStroke extends Key {
  readonly shift: boolean
}

const ROWS: readonly (readonly [first: number, plain: string, shifted: string])[] = [
  [0x02, '1234567890-=', '!@#$%^&*()_+'],
  [0x10, 'qwertyuiop[]', 'QWERTYUIOP{}'],
  [0x1e, "asdfghjkl;'`", 'ASDFGHJKL:"~'],
  [0x2b, '\\zxcvbnm,./', '|ZXCVBNM<>?'],
  [0x39, ' ', ' '],
]

const NAMED = {
  Enter: { keysym: 0xff0d, scanCode: 0x1c },
  Escape: { keysym: 0xff1b, scanCode: 0x01 },
  Tab: { keysym: 0xff09, scanCode: 0x0f },
  Backspace: { keysym: 0xff08, scanCode: 0x0e },
  Delete: { keysym: 0xffff, scanCode: 0x53 | 0x80 },
  Home: { keysym: 0xff50, scanCode: 0x47 | 0x80 },
  End: { keysym: 0xff57, scanCode: 0x4f | 0x80 },
  ArrowUp: { keysym: 0xff52, scanCode: 0x48 | 0x80 },
  ArrowDown: { keysym: 0xff54, scanCode: 0x50 | 0x80 },
  ArrowLeft: { keysym: 0xff51, scanCode: 0x4b | 0x80 },
  ArrowRight: { keysym: 0xff53, scanCode: 0x4d | 0x80 },
  Shift: { keysym: 0xffe1, scanCode: 0x2a },
  Control: { keysym: 0xffe3, scanCode: 0x1d },
  Alt: { keysym: 0xffe9, scanCode: 0x38 },
  F1: { keysym: 0xffbe, scanCode: 0x3b },
  F2: { keysym: 0xffbf, scanCode: 0x3c },
  F12: { keysym: 0xffc9, scanCode: 0x58 },
} as const satisfies Record<string, Key>

export type KeyName = keyof typeof NAMED

const strokes = new Map<string, KeyStroke>()
for (const [first, plain, shifted] of ROWS) {
  for (const [index, character] of [...plain].entries())
    strokes.set(character, { keysym: character.charCodeAt(0), scanCode: first + index, shift: false })
  for (const [index, character] of [...shifted].entries()) {
    if (!strokes.has(character)) strokes.set(character, { keysym: character.charCodeAt(0), scanCode: first + index, shift: true })
  }
}
strokes.set('\n', { ...NAMED.Enter, shift: false })
strokes.set('\t', { ...NAMED.Tab, shift: false })

export function namedKey(name: KeyName): Key {
  return NAMED[name]
}

/** @throws ScreenError `key-unknown` for a character that a US keyboard cannot type */
export function strokeFor(character: string): KeyStroke {
  const stroke = strokes.get(character)
  if (stroke === undefined) throw new ScreenError('key-unknown', `a US keyboard has no key for ${JSON.stringify(character)}`)
  return stroke
}
