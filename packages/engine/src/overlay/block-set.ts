// SPDX-License-Identifier: Apache-2.0
import type { BlockRun } from './allocation-log.ts'

/** A set of block numbers as a bitmap: 32 bytes a MiB of disk. */
export class BlockSet {
  private readonly bits: Uint8Array
  private members = 0

  constructor(blocks: number) {
    this.bits = new Uint8Array(Math.ceil(blocks / 8))
  }

  get size(): number {
    return this.members
  }

  has(block: number): boolean {
    return (((this.bits[block >> 3] ?? 0) >> (block & 7)) & 1) === 1
  }

  /** True where the block was not in the set before. */
  add(block: number): boolean {
    if (this.has(block)) return false
    this.bits[block >> 3] = (this.bits[block >> 3] ?? 0) | (1 << (block & 7))
    this.members++
    return true
  }

  addRun(run: BlockRun): void {
    for (let block = run.first; block < run.first + run.count; block++) this.add(block)
  }

  /** The blocks from `first` to before `end` as runs that are wholly in the set or wholly not. */
  *runs(first: number, end: number): Generator<BlockRun & { readonly inside: boolean }> {
    let start = first
    while (start < end) {
      const inside = this.has(start)
      let next = start + 1
      while (next < end && this.has(next) === inside) next++
      yield { first: start, count: next - start, inside }
      start = next
    }
  }
}

/** Sorted block numbers, each once, as runs. */
export function toRuns(blocks: Iterable<number>): BlockRun[] {
  const runs: { first: number; count: number }[] = []
  for (const block of [...blocks].sort((a, b) => a - b)) {
    const last = runs.at(-1)
    if (last !== undefined && last.first + last.count === block) last.count++
    else runs.push({ first: block, count: 1 })
  }
  return runs
}
