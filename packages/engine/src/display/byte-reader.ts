// SPDX-License-Identifier: Apache-2.0
import { EngineError } from '../error.ts'

/**
 * Reads a byte stream in pieces that the protocol asks for, however the stream is cut. Holds at most one chunk beside the piece asked for.
 * `beforeWait` runs whenever what has arrived is used up, so that a peer is never kept waiting for bytes that lie ready.
 */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>
  readonly #beforeWait: () => Promise<void>
  #rest: Uint8Array = new Uint8Array(0)
  #ended = false

  constructor(source: AsyncIterable<Uint8Array>, beforeWait: () => Promise<void>) {
    this.#source = source[Symbol.asyncIterator]()
    this.#beforeWait = beforeWait
  }

  /** All bytes have come, or the connection broke. */
  get ended(): boolean {
    return this.#ended
  }

  /** The next byte, or null where the stream ends between two messages. */
  async byte(): Promise<number | null> {
    if (!(await this.#more())) return null
    const [byte] = this.#take(1)
    return byte ?? null
  }

  /** @throws EngineError `rfb-protocol` when the stream ends before `length` bytes. */
  async exactly(length: number): Promise<Uint8Array> {
    if (this.#rest.length >= length) return this.#take(length)
    const whole = new Uint8Array(length)
    let filled = 0
    for await (const part of this.parts(length)) {
      whole.set(part, filled)
      filled += part.length
    }
    return whole
  }

  /** The next `length` bytes as they come in. @throws EngineError `rfb-protocol` when the stream ends before. */
  async *parts(length: number): AsyncGenerator<Uint8Array> {
    for (let missing = length; missing > 0; ) {
      if (!(await this.#more())) throw cutShort(missing)
      const part = this.#take(Math.min(missing, this.#rest.length))
      missing -= part.length
      yield part
    }
  }

  /** Throws away the next `length` bytes. @throws EngineError `rfb-protocol` when the stream ends before. */
  async skip(length: number): Promise<void> {
    for (let missing = length; missing > 0; ) {
      if (!(await this.#more())) throw cutShort(missing)
      missing -= this.#take(Math.min(missing, this.#rest.length)).length
    }
  }

  async #more(): Promise<boolean> {
    while (this.#rest.length === 0) {
      await this.#beforeWait()
      // A broken connection is an end like any other: either way the peer is gone, and no message is complete.
      const next = await this.#source.next().catch(() => ({ done: true as const, value: undefined }))
      if (next.done === true) {
        this.#ended = true
        return false
      }
      this.#rest = next.value
    }
    return true
  }

  #take(length: number): Uint8Array {
    const taken = this.#rest.subarray(0, length)
    this.#rest = this.#rest.subarray(length)
    return taken
  }
}

function cutShort(missing: number): EngineError {
  return new EngineError('rfb-protocol', `the stream ends \`${missing}\` bytes before the end of a message`)
}

/** A view on `bytes` for reading integers; RFB integers are big-endian (RFC 6143 section 5). */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
