// SPDX-License-Identifier: Apache-2.0
import type { Writable } from 'node:stream'

const FLUSH_AT = 65_536

/** Gathers small pieces into few writes and waits while the peer is slow: never more than one batch beyond the stream's own high-water mark. */
export class ByteWriter {
  readonly #stream: Writable
  #pending: Uint8Array[] = []
  #pendingBytes = 0

  constructor(stream: Writable) {
    this.#stream = stream
  }

  /** Adds `bytes`, which must not change afterwards, behind everything added before; waits when a batch is full and the peer slow. */
  async write(bytes: Uint8Array): Promise<void> {
    this.add(bytes)
    if (this.#pendingBytes >= FLUSH_AT) await this.flush()
  }

  /** `write` without the wait, for a short message from outside the relay loop; `flush` sends it. */
  add(bytes: Uint8Array): void {
    this.#pending.push(bytes)
    this.#pendingBytes += bytes.length
  }

  /** Hands everything to the stream; resolves when it takes more. A stream that is gone swallows it: its reading side tells of the end. */
  async flush(): Promise<void> {
    const [first, ...others] = this.#pending
    if (first === undefined) return
    const batch = others.length === 0 ? first : Buffer.concat(this.#pending)
    this.#pending = []
    this.#pendingBytes = 0
    if (this.#stream.destroyed || this.#stream.writableEnded) return
    if (!this.#stream.write(batch)) await this.#drained()
  }

  /** Sends what is left and ends the stream; a peer that was not reading loses the rest. */
  end(): void {
    const stuck = this.#stream.writableNeedDrain
    void this.flush()
    if (stuck) this.#stream.destroy()
    else this.#stream.end(() => this.#stream.destroy())
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#stream.off('drain', done)
        this.#stream.off('close', done)
        resolve()
      }
      this.#stream.on('drain', done)
      this.#stream.on('close', done)
    })
  }
}
