// SPDX-License-Identifier: Apache-2.0
//
// Which sizes of its screen a viewer may ask the server for (SetDesktopSize and ExtendedDesktopSize, RFB community registry), and how often.
import { viewOf } from './byte-reader.ts'
import { encoding } from './encodings.ts'
import type { Framing } from './framing.ts'

/** As the registry numbers them: not allowed, too large or too small, not one screen that fills the picture. */
export type SizeRefusal = 1 | 2 | 3

const least = { width: 320, height: 200 }
/** A square of them in 32 bits is 64 MiB, what one picture may take. */
const MOST = 4096

const HEAD_BYTES = 8
const SCREEN_BYTES = 16
const WHOLE_BYTES = HEAD_BYTES + SCREEN_BYTES

/** `message`: SetDesktopSize whole. `screens`: how many and which they are, as the server announced them. */
export function judgeSize(message: Uint8Array, screens: Uint8Array): SizeRefusal | null {
  if (message.length !== WHOLE_BYTES) return 3
  const view = viewOf(message)
  const [width, height] = [view.getUint16(2), view.getUint16(4)]
  if (width < least.width || height < least.height || width > MOST || height > MOST) return 2
  const known = screens.length >= 4 + SCREEN_BYTES && view.getUint32(HEAD_BYTES) === viewOf(screens).getUint32(4)
  const fills = view.getUint32(12) === 0 && view.getUint16(16) === width && view.getUint16(18) === height
  return known && fills ? null : 3
}

/** A FramebufferUpdate that tells a viewer why it does not get the size that it asked for; null: that it may ask. */
export function encodeSizeAnswer(refusal: SizeRefusal | null, { width, height }: Framing, screens: Uint8Array): Uint8Array {
  const head = new Uint8Array(16)
  const view = viewOf(head)
  view.setUint16(2, 1)
  view.setUint16(4, refusal === null ? 0 : 1)
  view.setUint16(6, refusal ?? 0)
  view.setUint16(8, width)
  view.setUint16(10, height)
  view.setInt32(12, encoding.extendedDesktopSize)
  return Buffer.concat([head, screens])
}

interface SizeWays {
  readonly framing: Framing
  /** Whether the server takes sizes without having said so. */
  readonly taken: boolean
  /** Between two that are answered, milliseconds. */
  readonly intervalMs: number
  allowed(): boolean
  toGuest(message: Uint8Array): void
  toViewer(message: Uint8Array): void
}

/** The first request is judged at once; of those that come too fast the last one is, when its time has come. */
export class DesktopSizes {
  readonly #ways: SizeWays
  #last: Uint8Array | null = null
  #timer: NodeJS.Timeout | null = null
  #refused = 0

  constructor(ways: SizeWays) {
    this.#ways = ways
  }

  /** How many were not passed on; those that a later one took the place of are not counted. */
  get refused(): number {
    return this.#refused
  }

  /** @param message SetDesktopSize whole; before the server has said that it takes one, nobody answers it */
  ask(message: Uint8Array): void {
    if (this.#ways.framing.screens === null) this.#refused += 1
    else this.#last = message
    if (this.#timer === null) this.#answer()
  }

  /** The viewer has said which encodings it knows: one that knows of sizes is told once that it may ask. */
  offered(): void {
    const { framing, taken, toViewer } = this.#ways
    if (!taken || framing.screens !== null || !framing.isOffered(encoding.extendedDesktopSize)) return
    const screens = new Uint8Array(4 + SCREEN_BYTES)
    const view = viewOf(screens)
    view.setUint8(0, 1)
    view.setUint16(12, framing.width)
    view.setUint16(14, framing.height)
    framing.screens = screens
    toViewer(encodeSizeAnswer(null, framing, screens))
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#last = null
  }

  #answer(): void {
    const { framing, intervalMs, allowed, toGuest, toViewer } = this.#ways
    const [message, { screens }] = [this.#last, framing]
    this.#last = this.#timer = null
    if (message === null || screens === null) return
    this.#timer = setTimeout(() => this.#answer(), intervalMs)
    const refusal = allowed() ? judgeSize(message, screens) : 1
    if (refusal === null) toGuest(message)
    else {
      this.#refused += 1
      toViewer(encodeSizeAnswer(refusal, framing, screens))
    }
  }
}
