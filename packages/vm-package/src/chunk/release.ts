// SPDX-License-Identifier: Apache-2.0

/**
 * Gives the memory of a large buffer back at once, and with it that of every view of it: none has bytes any more. Left to the garbage
 * collector, the buffers of each chunk make it run often, and each new one costs its page faults. One that may lie in Node's pool stays.
 */
export function release({ buffer }: Uint8Array<ArrayBuffer>): void {
  if (buffer.byteLength > Buffer.poolSize) buffer.transfer(0)
}
