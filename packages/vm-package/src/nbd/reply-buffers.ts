// SPDX-License-Identifier: Apache-2.0

const most = 16

/**
 * Memory for short replies to one client, used again and again: new memory for each would have the garbage collector run often. While more
 * replies than these wait for the client, the others get memory of their own, exactly as much as they need.
 */
export class ReplyBuffers {
  readonly #bytes: number
  readonly #made = new Set<ArrayBufferLike>()
  readonly #spare: ArrayBufferLike[] = []

  /** @param bytes of the longest reply. */
  constructor(bytes: number) {
    this.#bytes = bytes
  }

  /** `length` bytes of anything. */
  take(length: number): Buffer {
    const spare = this.#spare.pop() ?? this.#make()
    return spare === null ? Buffer.allocUnsafe(length) : Buffer.from(spare, 0, length)
  }

  /** What `take` gave, once, when nobody looks at it any more. */
  giveBack({ buffer }: Buffer): void {
    if (this.#made.has(buffer)) this.#spare.push(buffer)
  }

  #make(): ArrayBufferLike | null {
    if (this.#made.size === most) return null
    const { buffer } = Buffer.allocUnsafeSlow(this.#bytes)
    this.#made.add(buffer)
    return buffer
  }
}
