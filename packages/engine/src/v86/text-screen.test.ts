// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { type TextMode, TextScreen } from './text-screen.ts'

const COLOURS = [
  0x000000, 0x0000aa, 0x00aa00, 0x00aaaa, 0xaa0000, 0xaa00aa, 0xaa5500, 0xaaaaaa, 0x555555, 0x5555ff, 0x55ff55, 0x55ffff, 0xff5555, 0xff55ff,
  0xffff55, 0xffffff,
]

/** Glyph `c` has `c` as the bits of its every line; page B has them inverted. */
function font(): Uint8Array {
  const bytes = new Uint8Array(65_536)
  for (let glyph = 0; glyph < 256; glyph++) {
    bytes.fill(glyph, glyph * 32, glyph * 32 + 32)
    bytes.fill(~glyph & 0xff, 8192 + glyph * 32, 8192 + glyph * 32 + 32)
  }
  return bytes
}

function modeOf(changes: Partial<TextMode> = {}): TextMode {
  return {
    memory: new Uint8Array(32_768),
    start: 0,
    columns: 80,
    rows: 25,
    stride: 80,
    splitRow: 64,
    cellWidth: 9,
    cellHeight: 16,
    doubleWidth: false,
    font: font(),
    fontA: 0,
    fontB: 0,
    blink: true,
    lineGraphics: true,
    colours: COLOURS,
    cursor: null,
    ...changes,
  }
}

function put(mode: TextMode, cell: number, character: number, attribute: number): void {
  mode.memory.set([character, attribute], cell * 2)
}

/** Colours of one line of a cell, from the left. */
function lineOf(mode: TextMode, row: number, column: number, line = 0, screen = new TextScreen()): number[] {
  const { frame } = screen.draw(mode)
  const wide = mode.cellWidth * (mode.doubleWidth ? 2 : 1)
  return Array.from({ length: wide }, (_, dot) => {
    const at = ((row * mode.cellHeight + line) * frame.width + column * wide + dot) * 4
    const [red = 0, green = 0, blue = 0] = frame.pixels.subarray(at, at + 3)
    return (red << 16) | (green << 8) | blue
  })
}

const ink = (on: number, off: number, bits: string) => [...bits].map((bit) => (bit === '1' ? on : off))

describe('a text screen', () => {
  it('has the size a VGA shows: 720x400 for 80x25 cells of 9x16', () => {
    const { frame } = new TextScreen().draw(modeOf())
    expect([frame.width, frame.height, frame.pixels.length]).toEqual([720, 400, 720 * 400 * 4])
  })

  it('draws the glyph of the guest in the colours of the attribute', () => {
    const mode = modeOf()
    put(mode, 81, 0b1000_0001, 0x1e)
    expect(lineOf(mode, 1, 1)).toEqual(ink(0xffff55, 0x0000aa, '100000010'))
  })

  it.each([
    ['repeats the last dot of a line character', 0xc3, true, '110000111'],
    ['does so only where the guest asks for it', 0xc3, false, '110000110'],
    ['and for no other character', 0xe1, true, '111000010'],
  ])('%s', (_name, character, lineGraphics, dots) => {
    const mode = modeOf({ lineGraphics })
    put(mode, 0, character, 0x07)
    expect(lineOf(mode, 0, 0)).toEqual(ink(0xaaaaaa, 0, dots))
  })

  it('takes bit 7 of the attribute as a bright background unless it means blinking', () => {
    for (const [blink, paper] of [
      [true, 0x0000aa],
      [false, 0x5555ff],
    ] as const) {
      const mode = modeOf({ blink })
      put(mode, 0, 0, 0x90)
      expect(lineOf(mode, 0, 0)).toEqual(ink(0, paper, '000000000'))
    }
  })

  it('chooses between two fonts by bit 3 and then has eight colours', () => {
    const mode = modeOf({ fontB: 8192 })
    put(mode, 0, 0x0f, 0x0c)
    put(mode, 1, 0x0f, 0x04)
    expect(lineOf(mode, 0, 0)).toEqual(ink(0xaa0000, 0, '000011110'))
    expect(lineOf(mode, 0, 1)).toEqual(ink(0xaa0000, 0, '111100000'))
  })

  it('doubles the dots of a 40 column mode', () => {
    const mode = modeOf({ columns: 40, stride: 40, cellWidth: 8, doubleWidth: true })
    put(mode, 0, 0b1010_0000, 0x0f)
    expect(lineOf(mode, 0, 0)).toEqual(ink(0xffffff, 0, '1100110000000000'))
  })

  it('starts where the guest scrolled to and shows the split part from cell 0', () => {
    const mode = modeOf({ start: 800, stride: 90, splitRow: 20 })
    put(mode, 800 + 90, 0xff, 0x02)
    put(mode, 90, 0xff, 0x04)
    expect(lineOf(mode, 1, 0)[0]).toBe(0x00aa00)
    expect(lineOf(mode, 21, 0)[0]).toBe(0xaa0000)
  })

  it('draws the cursor in the ink of its cell, on its scan lines only', () => {
    const mode = modeOf({ cursor: { cell: 5, from: 14, until: 15 } })
    put(mode, 5, 0, 0x07)
    expect(lineOf(mode, 0, 5, 13)).toEqual(ink(0, 0, '000000000'))
    for (const line of [14, 15]) expect(lineOf(mode, 0, 5, line)).toEqual(ink(0xaaaaaa, 0, '111111111'))
  })

  it('tells which rows changed, and none when nothing did', () => {
    const mode = modeOf({ cursor: { cell: 0, from: 14, until: 15 } })
    const screen = new TextScreen()
    expect(screen.draw(mode).changed).toEqual({ from: 0, until: 400 })
    expect(screen.draw(mode).changed).toBeNull()
    put(mode, 3 * 80, 65, 7)
    put(mode, 7 * 80 + 79, 65, 7)
    expect(screen.draw(mode).changed).toEqual({ from: 48, until: 128 })
    expect(screen.draw({ ...mode, cursor: { cell: 80, from: 14, until: 15 } }).changed).toEqual({ from: 0, until: 32 })
  })

  it('draws everything again when the font or a colour changes', () => {
    const mode = modeOf()
    put(mode, 0, 0x10, 0x07)
    const screen = new TextScreen()
    screen.draw(mode)
    mode.font.fill(0xff, 0x10 * 32, 0x11 * 32)
    expect(screen.draw(mode).changed).toEqual({ from: 0, until: 400 })
    expect(lineOf(mode, 0, 0, 0, screen)).toEqual(ink(0xaaaaaa, 0, '111111110'))
    expect(screen.draw({ ...mode, colours: COLOURS.toReversed() }).changed).toEqual({ from: 0, until: 400 })
  })
})
