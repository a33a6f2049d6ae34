// SPDX-License-Identifier: Apache-2.0
//
// Reads the text of a VGA text screen from its pixels by comparing every cell with the font, bit for bit: no guessing.
// Cells are 9x16 in a 720 pixel wide screen and 8x16 in a 640 pixel wide one; a cell has at most two colours, of which
// either may be the ink. The hardware cursor (full rows at the foot of a cell) is recognised and reported.
import { codePage437 } from './code-page-437.ts'
import type { Frame } from './frame.ts'
import { GLYPH_ROWS, type VgaFont } from './vga-font.ts'

const CELL_WIDTHS = new Map([
  [720, 9],
  [640, 8],
])
const UNREADABLE = '\ufffd'
// The VGA cursor's scan lines are 13-14 (BIOS) or 14-15 (Linux).
const CURSOR_ROWS_FROM = 13

export interface ScreenText {
  /** One string a row, every one as long as the screen has columns. A cell that is no glyph reads U+FFFD. */
  readonly rows: readonly string[]
  /** Where the cursor shows in this frame; null while it blinks or hides. */
  readonly cursor: { readonly row: number; readonly column: number } | null
}

/** Sixteen bytes as one string: a key that a Map finds quickly. */
const keyOf = (bits: Uint8Array) => String.fromCharCode(...bits)

export class TextReader {
  readonly #glyphs: Buffer
  readonly #byShape = new Map<string, number>()

  constructor({ glyphs }: VgaFont) {
    this.#glyphs = glyphs
    // Where codes share a glyph, ASCII wins.
    const codes = Array.from({ length: 256 }, (_, code) => code)
    for (const code of [...codes.slice(0x20, 0x7f), ...codes]) {
      const key = keyOf(this.#glyph(code))
      if (!this.#byShape.has(key)) this.#byShape.set(key, code)
    }
  }

  /** @returns null when the frame has not the size of a text screen */
  read(frame: Frame): ScreenText | null {
    const cellWidth = CELL_WIDTHS.get(frame.width)
    if (cellWidth === undefined || frame.height % GLYPH_ROWS !== 0) return null
    const columns = frame.width / cellWidth
    let cursor: ScreenText['cursor'] = null
    const rows = Array.from({ length: frame.height / GLYPH_ROWS }, (_, row) => {
      let line = ''
      for (let column = 0; column < columns; column++) {
        const cell = this.#readCell(frame, column * cellWidth, row * GLYPH_ROWS)
        if (cell.cursor) cursor = { row, column }
        line += cell.text
      }
      return line
    })
    return { rows, cursor }
  }

  #glyph(code: number): Buffer {
    return this.#glyphs.subarray(code * GLYPH_ROWS, (code + 1) * GLYPH_ROWS)
  }

  #readCell(frame: Frame, left: number, top: number): { text: string; cursor: boolean } {
    const bits = cellBits(frame, left, top)
    if (bits === null) return { text: UNREADABLE, cursor: false }
    const inverse = bits.map((row) => row ^ 0xff)
    const code = this.#byShape.get(keyOf(bits)) ?? this.#byShape.get(keyOf(inverse))
    if (code !== undefined) return { text: codePage437[code] ?? UNREADABLE, cursor: false }
    const under = this.#codeUnderCursor(bits) ?? this.#codeUnderCursor(inverse)
    return under === undefined ? { text: UNREADABLE, cursor: false } : { text: codePage437[under] ?? UNREADABLE, cursor: true }
  }

  /** The glyph that gives `bits` once some full rows are drawn over its foot. */
  #codeUnderCursor(bits: Uint8Array): number | undefined {
    if (!bits.subarray(CURSOR_ROWS_FROM).includes(0xff)) return undefined
    for (const code of this.#byShape.values()) {
      const glyph = this.#glyph(code)
      if (bits.every((row, index) => row === glyph[index] || (index >= CURSOR_ROWS_FROM && row === 0xff))) return code
    }
    return undefined
  }
}

/** The cell's leftmost 8 columns, set where the colour differs from that of its first pixel; null: over two colours. */
function cellBits({ width, pixels }: Frame, left: number, top: number): Uint8Array | null {
  const bits = new Uint8Array(GLYPH_ROWS)
  const ground = pixels[top * width + left]
  let ink: number | undefined
  for (let y = 0; y < GLYPH_ROWS; y++) {
    let row = 0
    for (let x = 0; x < 8; x++) {
      const pixel = pixels[(top + y) * width + left + x]
      if (pixel === ground) continue
      if (ink !== undefined && pixel !== ink) return null
      ink = pixel
      row |= 0x80 >> x
    }
    bits[y] = row
  }
  return bits
}
