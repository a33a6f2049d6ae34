// SPDX-License-Identifier: Apache-2.0

/** One key of a US keyboard: `scanCode` is of set 1, as QEMU's extended key event wants it; `keysym` is X11's. */
export interface Key {
  readonly keysym: number
  readonly scanCode: number
  readonly shift: boolean
}

export const SHIFT: Key = { keysym: 0xffe1, scanCode: 0x2a, shift: false }

/** First scan code, then the characters of neighbouring keys without and with shift. */
const rows: readonly (readonly [number, string, string])[] = [
  [0x02, '1234567890-=', '!@#$%^&*()_+'],
  [0x10, 'qwertyuiop[]', 'QWERTYUIOP{}'],
  [0x1e, "asdfghjkl;'`", 'ASDFGHJKL:"~'],
  [0x2b, '\\zxcvbnm,./', '|ZXCVBNM<>?'],
  [0x39, ' ', ''],
]

const keys = new Map<string, Key>([
  ['\n', { keysym: 0xff0d, scanCode: 0x1c, shift: false }],
  ['\t', { keysym: 0xff09, scanCode: 0x0f, shift: false }],
])
for (const [first, plain, shifted] of rows) {
  ;[...plain].forEach((character, index) => {
    keys.set(character, { keysym: character.charCodeAt(0), scanCode: first + index, shift: false })
  })
  ;[...shifted].forEach((character, index) => {
    keys.set(character, { keysym: character.charCodeAt(0), scanCode: first + index, shift: true })
  })
}

/** The key that types `character`, or null where a US keyboard has none. */
export function usKey(character: string): Key | null {
  return keys.get(character) ?? null
}
