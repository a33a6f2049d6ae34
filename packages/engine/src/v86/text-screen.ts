// SPDX-License-Identifier: Apache-2.0
//
// Draws a VGA text mode: cells, attributes, the guest's own font out of plane 2, cursor, split screen. v86 leaves this to a canvas,
// which a process without a browser lacks. Nothing blinks: a blinking cell or cursor is shown steadily, so an idle screen stays idle.
import type { ChangedRows, Frame } from '../rfb/frame-source.ts'

export interface TextMode {
  /** Character and attribute bytes in turn (planes 0 and 1 as the CPU sees them). */
  readonly memory: Uint8Array
  /** First cell shown; cells from one row to the next. */
  readonly start: number
  readonly columns: number
  readonly rows: number
  readonly stride: number
  /** The row from which the screen shows memory from cell 0 again. */
  readonly splitRow: number
  readonly cellWidth: 8 | 9
  readonly cellHeight: number
  /** Dots are two pixels wide (40 columns). */
  readonly doubleWidth: boolean
  /** 256 glyphs of 32 bytes at each offset; `fontB` is for cells with attribute bit 3 clear. */
  readonly font: Uint8Array
  readonly fontA: number
  readonly fontB: number
  /** Attribute bit 7 means blinking, not a bright background. */
  readonly blink: boolean
  /** In nine-dot cells the eighth dot of characters c0-df is repeated. */
  readonly lineGraphics: boolean
  /** 0xrrggbb for attributes 0-15. */
  readonly colours: readonly number[]
  /** Null where hidden. Scan lines inclusive. */
  readonly cursor: { readonly cell: number; readonly from: number; readonly until: number } | null
}

const GLYPH_BYTES = 32
const OPAQUE = 0xff000000

export class TextScreen {
  private width = 0
  private height = 0
  private pixels = new Uint32Array(0)
  private look: string | null = null
  private glyphs = new Uint8Array(0)
  private cells = new Uint32Array(0)

  /** `changed` covers the text rows in which a cell, or the whole look, differs from the call before. */
  draw(mode: TextMode): { frame: Frame; changed: ChangedRows | null } {
    const everything = this.adopt(mode)
    let from = this.height
    let until = 0
    for (let row = 0; row < mode.rows; row++) {
      if (!this.drawRow(mode, row, everything)) continue
      from = Math.min(from, row * mode.cellHeight)
      until = (row + 1) * mode.cellHeight
    }
    const bytes = new Uint8Array(this.pixels.buffer)
    return { frame: { width: this.width, height: this.height, pixels: bytes }, changed: from < until ? { from, until } : null }
  }

  /** Takes over size, font and colours; true where all cells must be drawn again. */
  private adopt(mode: TextMode): boolean {
    const { columns, rows, cellWidth, cellHeight, doubleWidth, blink, lineGraphics, colours, fontA, fontB } = mode
    const look = JSON.stringify([columns, rows, cellWidth, cellHeight, doubleWidth, blink, lineGraphics, colours, fontA === fontB])
    const pages = fontA === fontB ? [fontA] : [fontA, fontB]
    const glyphs = Buffer.concat(pages.map((offset) => mode.font.subarray(offset, offset + 256 * GLYPH_BYTES)))
    if (look === this.look && glyphs.equals(this.glyphs)) return false
    this.look = look
    this.glyphs = glyphs
    this.width = columns * cellWidth * (doubleWidth ? 2 : 1)
    this.height = rows * cellHeight
    this.pixels = new Uint32Array(this.width * this.height)
    this.cells = new Uint32Array(columns * rows)
    return true
  }

  private drawRow(mode: TextMode, row: number, everything: boolean): boolean {
    const first = row >= mode.splitRow ? (row - mode.splitRow) * mode.stride : mode.start + row * mode.stride
    let drawn = false
    for (let column = 0; column < mode.columns; column++) {
      const cell = first + column
      const character = mode.memory[cell * 2] ?? 0
      const attribute = mode.memory[cell * 2 + 1] ?? 0
      const cursor = mode.cursor?.cell === cell ? mode.cursor : null
      const key = character | (attribute << 8) | (cursor === null ? 0 : ((cursor.from << 5) | cursor.until | 0x400) << 16)
      const at = row * mode.columns + column
      if (!everything && this.cells[at] === key >>> 0) continue
      this.cells[at] = key
      this.drawCell(mode, row, column, character, attribute)
      if (cursor !== null) this.drawCursor(mode, row, column, attribute, cursor)
      drawn = true
    }
    return drawn
  }

  private drawCell(mode: TextMode, row: number, column: number, character: number, attribute: number): void {
    const twoFonts = mode.fontA !== mode.fontB
    const page = twoFonts && (attribute & 8) === 0 ? 256 * GLYPH_BYTES : 0
    const ink = toPixel(mode.colours[attribute & (twoFonts ? 7 : 15)])
    const paper = toPixel(mode.colours[(attribute >> 4) & (mode.blink ? 7 : 15)])
    const repeatLast = mode.lineGraphics && character >= 0xc0 && character <= 0xdf
    for (let line = 0; line < mode.cellHeight; line++) {
      const bits = this.glyphs[page + character * GLYPH_BYTES + line] ?? 0
      this.drawLine(mode, row * mode.cellHeight + line, column, (bits << 1) | (repeatLast ? bits & 1 : 0), ink, paper)
    }
  }

  /** `dots`: nine dots, the leftmost in bit 8. */
  private drawLine(mode: TextMode, y: number, column: number, dots: number, ink: number, paper: number): void {
    const scale = mode.doubleWidth ? 2 : 1
    let at = y * this.width + column * mode.cellWidth * scale
    for (let dot = 0; dot < mode.cellWidth; dot++) {
      const pixel = (dots & (0x100 >> dot)) === 0 ? paper : ink
      for (let copy = 0; copy < scale; copy++) this.pixels[at++] = pixel
    }
  }

  private drawCursor(mode: TextMode, row: number, column: number, attribute: number, cursor: { from: number; until: number }): void {
    const ink = toPixel(mode.colours[attribute & (mode.fontA === mode.fontB ? 15 : 7)])
    for (let line = cursor.from; line <= cursor.until && line < mode.cellHeight; line++) {
      this.drawLine(mode, row * mode.cellHeight + line, column, 0x1ff, ink, ink)
    }
  }
}

/** 0xrrggbb to the four bytes red, green, blue, 255 in memory (little-endian). */
function toPixel(colour = 0): number {
  return (OPAQUE | ((colour & 0xff) << 16) | (colour & 0xff00) | (colour >> 16)) >>> 0
}
