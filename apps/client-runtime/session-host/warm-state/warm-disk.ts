// SPDX-License-Identifier: Apache-2.0
//
// What a new disk of an instance is filled with before a warm start: the blocks that the recorded boot had written, over what the disk
// would hold without. The file of the disk then appears with them or not at all.
import type { OverlayBase } from '@casemate/engine/overlay'
import type { WarmState } from '@casemate/vm-package/warm-state'

const BLOCK_BYTES = 4096

interface Part {
  readonly offset: number
  readonly length: number
  /** Written blocks of the warm state before this part; null: the part is not of it. */
  readonly skip: number | null
}

/** @param below null: blocks that were not written are left out. */
export function warmDisk(warm: WarmState, disk: string, size: number, below: OverlayBase | null): OverlayBase {
  const runs = warm.runs(disk)
  const parts = (offset: number, length: number): readonly Part[] => {
    const found: Part[] = []
    let at = offset
    let skip = 0
    const below = (until: number) => {
      if (until > at) found.push({ offset: at, length: until - at, skip: null })
      at = Math.max(at, until)
    }
    for (const [first, count] of runs) {
      const [start, end] = [Math.max(first * BLOCK_BYTES, offset), Math.min((first + count) * BLOCK_BYTES, offset + length)]
      if (start < end) {
        below(start)
        found.push({ offset: start, length: end - start, skip: skip + start / BLOCK_BYTES - first })
        at = end
      }
      skip += count
    }
    below(offset + length)
    return found
  }
  return {
    size,
    read: async (offset, length) => {
      const read = parts(offset, length).map(async (part) =>
        part.skip === null
          ? ((await below?.read(part.offset, part.length)) ?? Buffer.alloc(part.length))
          : await warm.blocks(disk, part.skip, part.length / BLOCK_BYTES),
      )
      return Buffer.concat(await Promise.all(read))
    },
    extents: async (offset, length) => {
      const extents = parts(offset, length).map(async (part) => {
        if (part.skip !== null) return [{ length: part.length, zero: false }]
        if (below === null) return [{ length: part.length, zero: true }]
        return (await below.extents?.(part.offset, part.length)) ?? [{ length: part.length, zero: false }]
      })
      return (await Promise.all(extents)).flat()
    },
  }
}
