// SPDX-License-Identifier: Apache-2.0
import type { ByteWriter } from './byte-writer.ts'

/** Where a message to the viewer that the server did not send finds its place: behind a whole one of the server's. One waits at most, the last. */
export class BetweenMessages {
  readonly #to: ByteWriter
  #open = false
  #waiting: Uint8Array | null = null

  constructor(to: ByteWriter) {
    this.#to = to
  }

  add(message: Uint8Array): void {
    if (!this.#open) {
      this.#waiting = message
      return
    }
    this.#to.add(message)
    void this.#to.flush()
  }

  /** A message of the server begins. */
  begin(): void {
    this.#open = false
  }

  /** All of it is written; the next one has not begun. */
  end(): void {
    this.#open = true
    if (this.#waiting !== null) this.#to.add(this.#waiting)
    this.#waiting = null
  }
}
