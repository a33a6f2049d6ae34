// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { codePage437 } from './code-page-437.ts'
import { drawText } from './draw-text.ts'
import { blankFrame } from './frame.ts'
import { TextReader } from './read-text.ts'
import { GLYPH_ROWS } from './vga-font.ts'

/** A font of our own: glyph `n` shows the bits of `n` twice, so all but the blanks differ and none reaches the foot. */
const glyphs = Buffer.alloc(256 * GLYPH_ROWS)
for (let code = 0; code < 256; code++) {
  if (code === 0 || code === 0x20 || code === 0xff) continue
  glyphs.set([0x7e, code & 0x7f, code >> 1, code & 0x55], code * GLYPH_ROWS + 3)
}
const font = { glyphs }
const reader = new TextReader(font)
const read = (screen: Parameters<typeof drawText>[1]) => reader.read(drawText(font, screen))

describe('TextReader', () => {
  it.each([8, 9] as const)('reads every printable character from cells of %d pixels', (cellWidth) => {
    const characters = codePage437.slice(0x21, 0xff)
    const rows = [0, 1, 2].map((index) => characters.slice(index * 80, (index + 1) * 80).join(''))
    expect(
      read({ rows, cellWidth })
        ?.rows.slice(0, 3)
        .map((row) => row.trimEnd()),
    ).toEqual(rows)
  })

  it('gives 25 rows of 80 characters, blanks kept', () => {
    const text = read({ rows: ['  a'], cellWidth: 9 })
    expect(text?.rows).toEqual(['  a'.padEnd(80), ...Array.from({ length: 24 }, () => ' '.repeat(80))])
  })

  it.each([
    [0xff_ff_ff, 0x00_00_aa],
    [0x00_00_00, 0xaa_aa_aa],
    [0x12_34_56, 0x12_34_57],
  ])('reads ink %d on ground %d alike', (ink, ground) => {
    expect(read({ rows: ['any colour'], cellWidth: 8, ink, ground })?.rows[0]?.trimEnd()).toBe('any colour')
  })

  it.each([
    [13, 14],
    [14, 15],
    [13, 15],
  ])('reads a character under a cursor on scan lines %d to %d and says where it stands', (from, to) => {
    const text = read({ rows: ['', 'under'], cellWidth: 9, cursor: { row: 1, column: 2, from, to } })
    expect(text?.rows[1]?.trimEnd()).toBe('under')
    expect(text?.cursor).toEqual({ row: 1, column: 2 })
  })

  it('reads the cursor on a blank as a blank', () => {
    const text = read({ rows: ['$ '], cellWidth: 9, cursor: { row: 0, column: 2, from: 14, to: 15 } })
    expect(text?.rows[0]).toBe('$'.padEnd(80))
    expect(text?.cursor).toEqual({ row: 0, column: 2 })
  })

  it('reports no cursor where none shows', () => {
    expect(read({ rows: ['$ '], cellWidth: 9 })?.cursor).toBeNull()
  })

  it('marks a cell of three colours as unreadable and still reads its neighbours', () => {
    const frame = drawText(font, { rows: ['abc'], cellWidth: 8 })
    frame.pixels[10] = 0xff_00_00
    expect(reader.read(frame)?.rows[0]?.trimEnd()).toBe('a\ufffdc')
  })

  it('marks a shape that is in no font as unreadable', () => {
    const frame = drawText(font, { rows: ['abc'], cellWidth: 8 })
    frame.pixels[8] = 0xaa_aa_aa
    expect(reader.read(frame)?.rows[0]?.trimEnd()).toBe('a\ufffdc')
  })

  it.each([
    [800, 600],
    [720, 401],
  ])('sees no text in a picture of %d by %d', (width, height) => {
    expect(reader.read(blankFrame(width, height))).toBeNull()
  })
})
