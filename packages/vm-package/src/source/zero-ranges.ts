// SPDX-License-Identifier: Apache-2.0
import { blockBytes } from '../chunk/cut.ts'
import type { SourceExtent } from './disk-source.ts'

/** Shorter ones are read: a list of each hole of a fragmented image would cost more. */
const leastBytes = 65_536

/** Ranges of a disk that are known to be zero, in whole blocks. Added in rising order, asked for in any. */
export class ZeroRanges {
  readonly #starts: number[] = []
  readonly #ends: number[] = []

  /** @param start bytes, not below the end of the range before. */
  add(start: number, end: number): void {
    const first = Math.ceil(start / blockBytes) * blockBytes
    const last = Math.floor(end / blockBytes) * blockBytes
    if (this.#ends.at(-1) === first) this.#ends[this.#ends.length - 1] = last
    else if (last - first >= leastBytes) {
      this.#starts.push(first)
      this.#ends.push(last)
    }
  }

  at(offset: number, length: number): SourceExtent {
    const index = this.#after(offset)
    const end = this.#ends[index]
    const start = this.#starts[index]
    if (start === undefined || end === undefined) return { length, zero: false }
    if (offset < start) return { length: Math.min(length, start - offset), zero: false }
    return { length: Math.min(length, end - offset), zero: true }
  }

  /** Index of the first range that ends after `offset`. */
  #after(offset: number): number {
    let [low, high] = [0, this.#ends.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#ends[middle] ?? 0) > offset) high = middle
      else low = middle + 1
    }
    return low
  }
}
