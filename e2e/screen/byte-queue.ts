// SPDX-License-Identifier: Apache-2.0
//
// Turns chunks of any size into reads of an exact size; one reader at a time.
import type { ScreenError } from './error.ts'

interface Waiting {
  readonly length: number
  readonly resolve: (bytes: Buffer) => void
  readonly reject: (error: ScreenError) => void
}

export class ByteQueue {
  #chunks: Buffer[] = []
  #length = 0
  #waiting: Waiting | undefined
  #closed: ScreenError | undefined

  push(bytes: Buffer): void {
    this.#chunks.push(bytes)
    this.#length += bytes.length
    if (this.#waiting !== undefined && this.#length >= this.#waiting.length) {
      const { resolve, length } = this.#waiting
      this.#waiting = undefined
      resolve(this.#take(length))
    }
  }

  /** Fails the read under way and all later ones that the queue cannot serve. */
  close(error: ScreenError): void {
    this.#closed ??= error
    this.#waiting?.reject(error)
    this.#waiting = undefined
  }

  read(length: number): Promise<Buffer> {
    if (this.#length >= length) return Promise.resolve(this.#take(length))
    if (this.#closed !== undefined) return Promise.reject(this.#closed)
    return new Promise((resolve, reject) => {
      this.#waiting = { length, resolve, reject }
    })
  }

  #take(length: number): Buffer {
    const all = this.#chunks.length === 1 ? (this.#chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#chunks)
    this.#chunks = all.length > length ? [all.subarray(length)] : []
    this.#length -= length
    return all.subarray(0, length)
  }
}
