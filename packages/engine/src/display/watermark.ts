// SPDX-License-Identifier: Apache-2.0
//
// A text that stands all over a picture (PO-16), drawn into its pixels. Where there is ink, of each byte only its highest bit is left, so that
// the strokes are seen on any ground and what stood below them cannot be worked out again.
import { glyphHeight, glyphWidth, hasInk, inFont } from './small-font.ts'

const advance = glyphWidth + 1
/** In letters, between the text and its next. */
const gap = 6
/** Of the lines of text, in heights of a letter. */
const lineHeights = 7
const dark = 80
const light = 176

export class Watermark {
  readonly text: string
  readonly #width: number
  readonly #height: number
  /** Of each row of a line, the columns that have ink; empty rows are left out. */
  readonly #ink: readonly (readonly number[])[]

  /** @param scale pixels of the picture to one of the font */
  constructor(text: string, scale = 2) {
    this.text = text
    const letters = inFont(text)
    this.#width = (letters.length + gap) * advance * scale
    this.#height = glyphHeight * lineHeights * scale
    this.#ink = Array.from({ length: glyphHeight * scale }, (_, row) =>
      Array.from({ length: this.#width }, (_, column) => column).filter((column) => {
        const at = Math.floor(column / scale)
        return hasInk(letters[Math.floor(at / advance)] ?? ' ', at % advance, Math.floor(row / scale))
      }),
    )
  }

  /**
   * Draws into a piece of a rectangle as Raw sends it (RFC 6143 7.7.1): 4 bytes a pixel, row by row from `x`, `y`, `width` pixels a row.
   * @param offset of `piece` within the bytes of the rectangle; it may begin and end within a pixel
   */
  draw(piece: Uint8Array, { x, y, width }: { readonly x: number; readonly y: number; readonly width: number }, offset: number): void {
    const stride = width * 4
    const until = Math.ceil((offset + piece.length) / stride)
    for (let row = Math.floor(offset / stride); row < until; row++) {
      const ink = this.#rowOf(y + row)
      if (ink.length > 0) this.#drawRow(piece, ink, x + this.#aside(y + row), width, row * stride - offset)
    }
  }

  /** @param from where the row begins, counted from the text's own left edge. @param at of the row's first byte in `piece`; may be below 0 */
  #drawRow(piece: Uint8Array, ink: readonly number[], from: number, width: number, at: number): void {
    for (let text = Math.floor(from / this.#width) * this.#width; text < from + width; text += this.#width) {
      for (const column of ink) {
        const pixel = text + column - from
        if (pixel < 0 || pixel >= width) continue
        const byte = at + pixel * 4
        for (let index = Math.max(0, byte); index < byte + 4 && index < piece.length; index++)
          piece[index] = (piece[index] ?? 0) >= 128 ? dark : light
      }
    }
  }

  #rowOf(y: number): readonly number[] {
    return this.#ink[y % this.#height] ?? []
  }

  /** Every other line of text stands half a text aside, so that a text wider than the picture is seen whole. */
  #aside(y: number): number {
    return Math.floor(y / this.#height) % 2 === 0 ? 0 : this.#width >> 1
  }
}
