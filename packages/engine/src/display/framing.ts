// SPDX-License-Identifier: Apache-2.0
//
// What both directions of one RFB connection must know of each other to find the ends of messages.
import { EngineError } from '../error.ts'
import { viewOf } from './byte-reader.ts'
import { encoding } from './encodings.ts'

/** Larger than any guest screen; a rectangle beyond it is nonsense, not a picture. */
export const MAX_SIDE = 16_384

/** Pixels as the filter can draw into them: 4 bytes each, 8 bits a colour. */
export const bytesPerPixel = 4

export class Framing {
  /** The server said that it takes QEMU's extended key events. */
  extendedKeys = false
  /** As an ExtendedDesktopSize announced them, their count and 16 bytes for each; null: it takes no SetDesktopSize. */
  screens: Uint8Array | null = null
  width = 0
  height = 0
  #asked = false
  #askedSinceAhead = false
  readonly #offered = new Set<number>([encoding.raw])

  resize(width: number, height: number): void {
    this.width = width
    this.height = height
  }

  /** The viewer has asked for an update. */
  requested(): void {
    this.#asked = true
    this.#askedSinceAhead = true
  }

  /** Whether the viewer takes updates: it has asked for one at some time. */
  get asked(): boolean {
    return this.#asked
  }

  /** Whether one may be asked for in the viewer's name: once for each that it asks for. */
  askAhead(): boolean {
    const may = this.#askedSinceAhead
    this.#askedSinceAhead = false
    return may
  }

  /** Encodings stay offered: an update on its way may use one that a later list leaves out. */
  offer(encodings: Iterable<number>): void {
    for (const number of encodings) this.#offered.add(number)
  }

  isOffered(number: number): boolean {
    return this.#offered.has(number)
  }
}

/**
 * PIXEL_FORMAT (RFC 6143 7.4), 16 bytes.
 * @throws EngineError `rfb-protocol` for anything but true colour in 32 bits with 8 of them, on the border of a byte, for each colour
 */
export function checkPixelFormat(format: Uint8Array): void {
  const view = viewOf(format)
  const [bits, trueColour] = [view.getUint8(0), view.getUint8(3)]
  if (bits !== 8 * bytesPerPixel || trueColour === 0)
    throw new EngineError('rfb-protocol', `a pixel format of \`${bits}\` bits, expected 32 in true colour`)
  for (const colour of [0, 1, 2]) {
    const [most, shift] = [view.getUint16(4 + 2 * colour), view.getUint8(10 + colour)]
    if (most !== 255 || shift % 8 !== 0 || shift > 24)
      throw new EngineError('rfb-protocol', `a colour up to \`${most}\` at bit \`${shift}\`, expected a byte`)
  }
}

/** An incremental FramebufferUpdateRequest, or one for everything (RFC 6143 7.5.3). */
export function encodeUpdateRequest(incremental: boolean, { width, height }: { readonly width: number; readonly height: number }): Uint8Array {
  const request = new Uint8Array(10)
  const view = viewOf(request)
  view.setUint8(0, 3)
  view.setUint8(1, incremental ? 1 : 0)
  view.setUint16(6, width)
  view.setUint16(8, height)
  return request
}
