// SPDX-License-Identifier: Apache-2.0
//
// Draws a text screen as a VGA does: what read-text.ts is tested against.
import { codePage437 } from './code-page-437.ts'
import { blankFrame, type Frame } from './frame.ts'
import { GLYPH_ROWS, type VgaFont } from './vga-font.ts'

export interface TextScreen {
  readonly rows: readonly string[]
  /** 9 gives 720 pixels in width, 8 gives 640. */
  readonly cellWidth: 8 | 9
  readonly ink?: number
  readonly ground?: number
  readonly cursor?: { readonly row: number; readonly column: number; readonly from: number; readonly to: number }
}

/** 80x25; characters that code page 437 lacks are an error. */
export function drawText(font: VgaFont, { rows, cellWidth, ink = 0xaa_aa_aa, ground = 0, cursor }: TextScreen): Frame {
  const frame = blankFrame(80 * cellWidth, 25 * GLYPH_ROWS)
  frame.pixels.fill(ground)
  const set = (x: number, y: number) => {
    frame.pixels[y * frame.width + x] = ink
  }
  for (const [row, line] of rows.entries()) {
    for (const [column, character] of [...line].entries()) {
      const code = character === ' ' ? 0x20 : codePage437.indexOf(character)
      if (code < 0) throw new RangeError(`code page 437 has no ${JSON.stringify(character)}`)
      for (let y = 0; y < GLYPH_ROWS; y++) {
        const bits = font.glyphs[code * GLYPH_ROWS + y] ?? 0
        for (let x = 0; x < 8; x++) if ((bits & (0x80 >> x)) !== 0) set(column * cellWidth + x, row * GLYPH_ROWS + y)
        // The ninth column repeats the eighth for line graphics, so that boxes close.
        if (cellWidth === 9 && code >= 0xc0 && code <= 0xdf && (bits & 1) !== 0) set(column * cellWidth + 8, row * GLYPH_ROWS + y)
      }
    }
  }
  if (cursor !== undefined) {
    for (let y = cursor.from; y <= cursor.to; y++) for (let x = 0; x < 8; x++) set(cursor.column * cellWidth + x, cursor.row * GLYPH_ROWS + y)
  }
  return frame
}
