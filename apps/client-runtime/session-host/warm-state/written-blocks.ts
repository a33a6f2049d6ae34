// SPDX-License-Identifier: Apache-2.0
//
// Which blocks a VM has written to its disks: what a warm state has to carry beside memory.
import type { BlockDevice } from '@casemate/vm-package/block-device'

const BLOCK_BYTES = 4096

export class WrittenBlocks {
  readonly #disks = new Map<string, Set<number>>()

  /** The same disk, with its writes noted. */
  watch(disk: string, device: BlockDevice): BlockDevice {
    const blocks = new Set<number>()
    this.#disks.set(disk, blocks)
    const { extents } = device
    return {
      size: device.size,
      readOnly: device.readOnly,
      read: (offset, length) => device.read(offset, length),
      write: async (offset, data) => {
        for (let block = Math.floor(offset / BLOCK_BYTES); block * BLOCK_BYTES < offset + data.length; block++) blocks.add(block)
        await device.write?.(offset, data)
      },
      flush: async () => device.flush?.(),
      ...(extents === undefined ? {} : { extents: (offset: number, length: number) => extents.call(device, offset, length) }),
    }
  }

  /** Rising, as long as can be. */
  runs(disk: string): readonly (readonly [first: number, count: number])[] {
    const runs: [number, number][] = []
    for (const block of [...(this.#disks.get(disk) ?? [])].sort((a, b) => a - b)) {
      const last = runs.at(-1)
      if (last !== undefined && last[0] + last[1] === block) last[1]++
      else runs.push([block, 1])
    }
    return runs
  }
}
