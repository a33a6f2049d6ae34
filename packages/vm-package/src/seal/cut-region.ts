// SPDX-License-Identifier: Apache-2.0
//
// Reads one region of a disk and cuts it into runs, gathered into batches: each has its data in one buffer, so that it can be given to
// another thread whole. What the source knows to be zero is not read.
import { blockBytes, Cutter, mostBlocks, type Run } from '../chunk/cut.ts'
import type { DiskSource } from '../source/disk-source.ts'

const pieceBytes = 1_048_576
/** Of a buffer: a piece more than the longest chunk, at least. */
export const batchBytes = 4_194_304 + mostBlocks * blockBytes
const zeros = Buffer.alloc(pieceBytes)

/** A run and where its bytes begin in the batch's buffer; null for a run of zeros. */
export interface PlacedRun {
  readonly blocks: number
  readonly at: number | null
}

export interface Batch {
  readonly buffer: Buffer<ArrayBuffer>
  /** In the region's order. */
  readonly runs: readonly PlacedRun[]
}

/**
 * @param offset bytes. @param blocks 1 to 32,768.
 * @param takeBuffer gives a buffer of `batchBytes` bytes, which goes out with its batch.
 */
export async function* cutRegion(
  source: Pick<DiskSource, 'read' | 'extent'>,
  { offset, blocks }: { readonly offset: number; readonly blocks: number },
  takeBuffer: () => Promise<Buffer<ArrayBuffer>>,
): AsyncGenerator<Batch> {
  const end = offset + blocks * blockBytes
  const gathering = new Gathering(await takeBuffer())
  for (let at = offset; at < end; ) {
    const extent = await source.extent(at, end - at)
    const length = extent.zero ? extent.length : Math.min(pieceBytes, extent.length)
    if (extent.zero) gathering.addZeros(length)
    else {
      if (!gathering.hasRoom(length)) {
        const rest = gathering.openRun()
        yield gathering.batch()
        gathering.goOnIn(await takeBuffer(), rest)
      }
      const piece = gathering.room(length)
      await source.read(at, piece)
      gathering.addPiece(piece)
    }
    at += length
  }
  gathering.end()
  yield gathering.batch()
}

class Gathering {
  readonly #cutter = new Cutter()
  #buffer: Buffer<ArrayBuffer>
  #runs: PlacedRun[] = []
  /** Where the run at hand begins, and where the next piece goes. */
  #open = 0
  #filled = 0

  constructor(buffer: Buffer<ArrayBuffer>) {
    this.#buffer = buffer
  }

  hasRoom(length: number): boolean {
    return this.#filled + length <= this.#buffer.length
  }

  room(length: number): Buffer {
    return this.#buffer.subarray(this.#filled, this.#filled + length)
  }

  addZeros(length: number): void {
    this.#note(this.#cutter.pushZeros(length / blockBytes))
    this.#open = this.#filled
  }

  /** @param piece what `room` gave, filled. */
  addPiece(piece: Buffer): void {
    if (piece.equals(zeros.subarray(0, piece.length))) {
      this.addZeros(piece.length)
      return
    }
    const from = this.#filled
    this.#filled += piece.length
    for (let at = 0; at < piece.length; at += blockBytes) {
      const { zero, before, after } = this.#cutter.push(piece.subarray(at, at + blockBytes))
      this.#note(before)
      if (before !== null) this.#open = from + at
      this.#note(after)
      if (zero || after !== null) this.#open = from + at + blockBytes
    }
  }

  end(): void {
    this.#note(this.#cutter.end())
  }

  /** A copy of the bytes of the run at hand: its end is not known yet. */
  openRun(): Buffer {
    return Buffer.from(this.#buffer.subarray(this.#open, this.#filled))
  }

  batch(): Batch {
    return { buffer: this.#buffer, runs: this.#runs }
  }

  goOnIn(buffer: Buffer<ArrayBuffer>, rest: Buffer): void {
    buffer.set(rest)
    this.#buffer = buffer
    this.#runs = []
    this.#open = 0
    this.#filled = rest.length
  }

  #note(run: Run | null): void {
    if (run !== null) this.#runs.push({ blocks: run.blocks, at: run.zero ? null : this.#open })
  }
}
