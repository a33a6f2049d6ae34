// SPDX-License-Identifier: Apache-2.0

const remembered = 16

/** Tells reads that go on with an earlier one from those that are here and there; it follows several readers at once. */
export class ReadStreams {
  /** Where the last reads ended, the oldest first. */
  readonly #ends: number[] = []

  /** Notes a read as it is asked for. @returns whether it begins where an earlier one ended. */
  note(offset: number, length: number): boolean {
    const at = this.#ends.indexOf(offset)
    if (at >= 0) this.#ends.splice(at, 1)
    this.#ends.push(offset + length)
    if (this.#ends.length > remembered) this.#ends.shift()
    return at >= 0
  }
}
