// SPDX-License-Identifier: Apache-2.0
//
// The 8x16 font that a VGA text screen is drawn with, taken from the video BIOS on this host: it is found by the shape of
// its letter A, since its place differs between builds.
import { readFile } from 'node:fs/promises'
import { ScreenError } from './error.ts'

/** From Debian's package `seabios`. */
const VIDEO_BIOS = '/usr/share/seabios/vgabios-stdvga.bin'

export const GLYPH_ROWS = 16
const LETTER_A = Buffer.from('000010386cc6c6fec6c6c6c600000000', 'hex')

/** 256 glyphs in code page 437 order, 16 bytes each, the highest bit leftmost. */
export interface VgaFont {
  readonly glyphs: Buffer
}

/** @throws ScreenError `font-missing` when `bios` holds no such font */
export function findFont(bios: Buffer): VgaFont {
  const start = bios.indexOf(LETTER_A) - 'A'.charCodeAt(0) * GLYPH_ROWS
  const glyphs = bios.subarray(start, start + 256 * GLYPH_ROWS)
  // Glyph 0 and the space are blank in this font; a chance match of one letter has no blanks at just these places.
  const blank = (code: number) => glyphs.subarray(code * GLYPH_ROWS, (code + 1) * GLYPH_ROWS).every((row) => row === 0)
  if (start < 0 || glyphs.length !== 256 * GLYPH_ROWS || !blank(0) || !blank(0x20)) {
    throw new ScreenError('font-missing', 'the video BIOS holds no 8x16 font with the expected letter `A`')
  }
  return { glyphs }
}

/** @throws ScreenError `font-missing` */
export async function loadFont(path = VIDEO_BIOS): Promise<VgaFont> {
  const bios = await readFile(path).catch((cause: unknown) => {
    throw new ScreenError('font-missing', `cannot read \`${path}\`; install with: apt-get install seabios`, cause)
  })
  return findFont(bios)
}
