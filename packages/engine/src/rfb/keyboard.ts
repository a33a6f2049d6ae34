// SPDX-License-Identifier: Apache-2.0
//
// Key events to the bytes a PS/2 keyboard sends in scan code set 1. Extended key events carry the key itself and leave the layout to
// the guest; plain keysyms are placed where a US keyboard has them.

/** QEMU extended key event: the code of set 1, with bit 7 set for keys behind the prefix e0. */
export function scancodesOfKeycode(keycode: number, down: boolean): number[] {
  if (keycode === PAUSE_KEYCODE) return down ? PAUSE : []
  if (keycode <= 0 || keycode > 0xff) return []
  const code = keycode & 0x7f
  const byte = down ? code : code | 0x80
  return (keycode & 0x80) === 0 ? [byte] : [0xe0, byte]
}

/** RFC 6143, 7.5.4: an X11 keysym; nothing where a US keyboard has no such key. */
export function scancodesOfKeysym(keysym: number, down: boolean): number[] {
  const keycode = KEYSYMS.get(keysym)
  return keycode === undefined ? [] : scancodesOfKeycode(keycode, down)
}

/** The Pause key has no break code: all of it is sent when it goes down. */
const PAUSE = [0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5]
const PAUSE_KEYCODE = 0xc6

function buildKeysyms(): Map<number, number> {
  const map = new Map<number, number>()
  const row = (first: number, plain: string, shifted: string) => {
    for (let index = 0; index < plain.length; index++) {
      map.set(plain.charCodeAt(index), first + index)
      map.set(shifted.charCodeAt(index), first + index)
    }
  }
  row(0x02, '1234567890-=', '!@#$%^&*()_+')
  row(0x10, 'qwertyuiop[]', 'QWERTYUIOP{}')
  row(0x1e, "asdfghjkl;'`", 'ASDFGHJKL:"~')
  row(0x2b, '\\zxcvbnm,./', '|ZXCVBNM<>?')
  map.set(0x20, 0x39)
  for (const [keysym, keycode] of NAMED) map.set(keysym, keycode)
  for (let f = 0; f < 10; f++) map.set(0xffbe + f, 0x3b + f)
  return map
}

const NAMED: readonly (readonly [number, number])[] = [
  [0xff08, 0x0e], // BackSpace
  [0xff09, 0x0f], // Tab
  [0xfe20, 0x0f], // ISO_Left_Tab
  [0xff0d, 0x1c], // Return
  [0xff1b, 0x01], // Escape
  [0xff13, PAUSE_KEYCODE], // Pause
  [0xff14, 0x46], // Scroll_Lock
  [0xff61, 0xb7], // Print
  [0xff50, 0xc7], // Home
  [0xff51, 0xcb], // Left
  [0xff52, 0xc8], // Up
  [0xff53, 0xcd], // Right
  [0xff54, 0xd0], // Down
  [0xff55, 0xc9], // Page_Up
  [0xff56, 0xd1], // Page_Down
  [0xff57, 0xcf], // End
  [0xff63, 0xd2], // Insert
  [0xffff, 0xd3], // Delete
  [0xff67, 0xdd], // Menu
  [0xff7f, 0x45], // Num_Lock
  [0xff8d, 0x9c], // KP_Enter
  [0xffaa, 0x37], // KP_Multiply
  [0xffab, 0x4e], // KP_Add
  [0xffad, 0x4a], // KP_Subtract
  [0xffae, 0x53], // KP_Decimal
  [0xffaf, 0xb5], // KP_Divide
  [0xffb0, 0x52], // KP_0
  [0xffb1, 0x4f],
  [0xffb2, 0x50],
  [0xffb3, 0x51],
  [0xffb4, 0x4b],
  [0xffb5, 0x4c],
  [0xffb6, 0x4d],
  [0xffb7, 0x47],
  [0xffb8, 0x48],
  [0xffb9, 0x49], // KP_9
  [0xffc8, 0x57], // F11
  [0xffc9, 0x58], // F12
  [0xffe1, 0x2a], // Shift_L
  [0xffe2, 0x36], // Shift_R
  [0xffe3, 0x1d], // Control_L
  [0xffe4, 0x9d], // Control_R
  [0xffe5, 0x3a], // Caps_Lock
  [0xffe7, 0xdb], // Meta_L
  [0xffe8, 0xdc], // Meta_R
  [0xffe9, 0x38], // Alt_L
  [0xffea, 0xb8], // Alt_R
  [0xfe03, 0xb8], // ISO_Level3_Shift
  [0xffeb, 0xdb], // Super_L
  [0xffec, 0xdc], // Super_R
]

const KEYSYMS: ReadonlyMap<number, number> = buildKeysyms()
