// SPDX-License-Identifier: Apache-2.0
import { blockBytes, Cutter, type Run } from './cut.ts'

const pieceBytes = 1_048_576

/** A run of blocks with its bytes; null for a run of zeros. */
export interface RunOfBytes {
  readonly blocks: number
  readonly bytes: Buffer | null
}

/**
 * Cuts one region, read in pieces of 1 MiB; holds no more than two pieces and the chunk at hand.
 * @param blocks 1 to 32,768. @param read fills its buffer with the disk's bytes at `offset`.
 */
export async function* runsOfRegion(
  offset: number,
  blocks: number,
  read: (offset: number, into: Buffer) => Promise<void>,
): AsyncGenerator<RunOfBytes> {
  const cutter = new Cutter()
  const end = offset + blocks * blockBytes
  // A chunk is no longer than a piece, so the blocks at hand lie in this piece and the one before: two buffers, used in turn.
  let [piece, other] = [Buffer.allocUnsafeSlow(pieceBytes), Buffer.allocUnsafeSlow(pieceBytes)]
  let parts: Buffer[] = []
  const take = (run: Run): RunOfBytes => {
    const bytes = run.zero ? null : Buffer.concat(parts)
    parts = []
    return { blocks: run.blocks, bytes }
  }
  for (let at = offset; at < end; at += pieceBytes) {
    const filled = piece.subarray(0, Math.min(pieceBytes, end - at))
    await read(at, filled)
    for (let from = 0; from < filled.length; from += blockBytes) {
      const block = filled.subarray(from, from + blockBytes)
      const { zero, before, after } = cutter.push(block)
      if (before !== null) yield take(before)
      if (!zero) parts.push(block)
      if (after !== null) yield take(after)
    }
    ;[piece, other] = [other, piece]
  }
  const last = cutter.end()
  if (last !== null) yield take(last)
}
