// SPDX-License-Identifier: Apache-2.0

const LIMIT = 64 * 1024

/** The last 64 KiB that the guest wrote to its first serial port. */
export class SerialCapture {
  #tail: Uint8Array = new Uint8Array(0)

  add(bytes: Uint8Array): void {
    const joined = Buffer.concat([this.#tail, bytes])
    this.#tail = joined.subarray(Math.max(0, joined.length - LIMIT))
  }

  bytes(): Uint8Array {
    return this.#tail
  }
}
