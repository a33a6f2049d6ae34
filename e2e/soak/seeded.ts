// SPDX-License-Identifier: Apache-2.0
//
// What a soak draws: the same for the same seed, so that a failure can be repeated. Moments are drawn, not the scheduler's order.
import { createCipheriv, hash } from 'node:crypto'

/** mulberry32: numbers from 0 to below 1. */
export function numbersFrom(seed: number): () => number {
  let at = seed | 0
  return () => {
    at = (at + 0x6d2b79f5) | 0
    let mixed = Math.imul(at ^ (at >>> 15), 1 | at)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Those of one round: a round can be repeated without the ones before it. */
export const numbersOfRound = (seed: number, round: number): (() => number) =>
  numbersFrom(hash('sha256', `${seed}/${round}`, 'buffer').readInt32LE(0))

/** Bytes that do not compress. */
export function noise(seed: number, length: number): Buffer {
  return createCipheriv('aes-256-ctr', hash('sha256', `noise ${seed}`, 'buffer'), Buffer.alloc(16)).update(Buffer.alloc(length))
}

/** An image to seal: of each four mebibytes three are noise, one is numbered lines. @param mebibytes its size */
export function mixedImage(seed: number, mebibytes: number): Buffer {
  const piece = 1 << 20
  const image = noise(seed, mebibytes * piece)
  for (let at = 3 * piece; at < image.length; at += 4 * piece) image.fill(`line ${at} of the image\n`, at, at + piece)
  return image
}
