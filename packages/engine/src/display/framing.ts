// SPDX-License-Identifier: Apache-2.0
//
// What both directions of one RFB connection must know of each other to find the ends of messages.
import { EngineError } from '../error.ts'
import { encoding } from './encodings.ts'

/** Larger than any guest screen; a rectangle beyond it is nonsense, not a picture. */
export const MAX_SIDE = 16_384

export class Framing {
  /** RFC 6143 7.4: 8, 16 or 32. */
  bitsPerPixel = 32
  /** The server said that it takes QEMU's extended key events. */
  extendedKeys = false
  #updateRequested = false
  readonly #offered = new Set<number>([encoding.raw])

  get bytesPerPixel(): number {
    return this.bitsPerPixel / 8
  }

  requestUpdate(): void {
    this.#updateRequested = true
  }

  /**
   * An update on its way may still be in the old format, so the size of a pixel is fixed by the first request.
   * @throws EngineError `rfb-protocol` for a format that has no framing or comes too late.
   */
  setBitsPerPixel(bits: number): void {
    if (bits !== 8 && bits !== 16 && bits !== 32) throw new EngineError('rfb-protocol', `\`${bits}\` bits per pixel, expected 8, 16 or 32`)
    if (this.#updateRequested && bits !== this.bitsPerPixel) {
      throw new EngineError('rfb-protocol', `\`${bits}\` bits per pixel after an update was requested with \`${this.bitsPerPixel}\``)
    }
    this.bitsPerPixel = bits
  }

  /** Encodings stay offered: an update on its way may use one that a later list leaves out. */
  offer(encodings: Iterable<number>): void {
    for (const number of encodings) this.#offered.add(number)
  }

  isOffered(number: number): boolean {
    return this.#offered.has(number)
  }
}
