// SPDX-License-Identifier: Apache-2.0
//
// Writes rounds of blocks into the overlay named on the command line and says each round once it is flushed, until it is killed.
import { pathToFileURL } from 'node:url'
import { openOverlay } from '../../src/overlay/xts-overlay.ts'

export const BLOCKS = 256
export const WRITTEN_PER_ROUND = 16
export const SIZE = BLOCKS * 4096

/** A block of round `round`: the round plus one, repeated. */
export function plainOf(round: number): Buffer {
  const block = Buffer.alloc(4096)
  for (let at = 0; at < block.length; at += 4) block.writeUInt32BE(round + 1, at)
  return block
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const overlay = await openOverlay({ file: process.argv[2] ?? '', key: Buffer.alloc(32, 7), binding: 'kill', base: null })
  for (let round = Number(process.argv[3]); ; round++) {
    const first = (round * WRITTEN_PER_ROUND) % BLOCKS
    await Promise.all(Array.from({ length: WRITTEN_PER_ROUND }, (_, index) => overlay.write((first + index) * 4096, plainOf(round))))
    await overlay.flush()
    process.stdout.write(`${round}\n`)
  }
}
