// SPDX-License-Identifier: Apache-2.0
//
// Where a disk is cut (docs/package-format.md, section 2). A cut depends on the bytes since the last one only, so that two versions
// of a disk share every chunk whose bytes they share, wherever the blocks moved to.
import { crc32 } from 'node:zlib'

/** Bytes. Guests' file systems allocate in multiples of it, hence cuts lie nowhere else. */
export const blockBytes = 4096
/** 128 MiB: a region has an index page of its own, and no chunk crosses its end. */
export const regionBlocks = 32_768
export const leastBlocks = 16
export const mostBlocks = 256
const divisor = 48

const zeroBlock = Buffer.alloc(blockBytes)

/** A run of blocks that is one entry of the index: one chunk, or zero from end to end. */
export interface Run {
  readonly zero: boolean
  readonly blocks: number
}

export interface Cuts {
  /** Whether the block is all zero. */
  readonly zero: boolean
  /** The run that ended before this block. */
  readonly before: Run | null
  /** The run that ends with this block. */
  readonly after: Run | null
}

/** Takes the blocks of one region in order; use a new one for each region. */
export class Cutter {
  #blocks = 0
  #zero = false

  /** @param block 4096 bytes. */
  push(block: Uint8Array): Cuts {
    const zero = zeroBlock.equals(block)
    const before = zero === this.#zero ? null : this.end()
    this.#zero = zero
    this.#blocks += 1
    const full = !zero && (this.#blocks === mostBlocks || (this.#blocks >= leastBlocks && crc32(block) % divisor === 0))
    return { zero, before, after: full ? this.end() : null }
  }

  /** As `push` of `blocks` blocks of zeros, which need not be looked at. @returns the run that ended before them. */
  pushZeros(blocks: number): Run | null {
    const before = this.#zero ? null : this.end()
    this.#zero = true
    this.#blocks += blocks
    return before
  }

  /** The run that the region's last block belongs to, if it is not cut already. */
  end(): Run | null {
    if (this.#blocks === 0) return null
    const run = { zero: this.#zero, blocks: this.#blocks }
    this.#blocks = 0
    return run
  }
}
