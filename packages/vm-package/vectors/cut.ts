// SPDX-License-Identifier: Apache-2.0
import { Cutter, type Run, regionBlocks } from '../src/chunk/cut.ts'
import { blocksOf, type Content, type Named, type VectorOf } from './vector.ts'

/** The runs of a whole disk. */
export function runsOf(disk: Content): readonly Run[] {
  const runs: Run[] = []
  const add = (run: Run | null) => void (run !== null && runs.push(run))
  let cutter = new Cutter()
  let blocks = 0
  for (const block of blocksOf(disk)) {
    const { before, after } = cutter.push(block)
    add(before)
    add(after)
    blocks += 1
    if (blocks % regionBlocks === 0) {
      add(cutter.end())
      cutter = new Cutter()
    }
  }
  add(cutter.end())
  return runs
}

function cut(about: string, disk: Content): VectorOf<'cut'> {
  return { kind: 'cut', about, disk, runs: [...runsOf(disk)] }
}

export const cutVectors = (): Named<'cut'> => ({
  'one-block': cut('a disk of one block is one chunk', [{ seed: 'a', blocks: 1 }]),
  'content-defined': cut('a cut comes after a block whose CRC-32 is a multiple of 48, not before 16 blocks', [{ seed: 'b', blocks: 600 }]),
  'at-most-256-blocks': cut('equal blocks whose CRC-32 is no multiple of 48 are cut after 256', [{ repeat: 1, blocks: 600 }]),
  'at-least-16-blocks': cut('equal blocks whose CRC-32 is a multiple of 48 are cut after 16', [{ repeat: 6, blocks: 40 }]),
  'zero-ends-a-chunk': cut('an all-zero block ends the chunk, and a run of them is one entry', [
    { seed: 'c', blocks: 3 },
    { repeat: 0, blocks: 1 },
    { seed: 'd', blocks: 2 },
    { repeat: 0, blocks: 300 },
  ]),
  'region-ends-a-chunk': cut('a chunk ends with its region of 32,768 blocks', [
    { repeat: 0, blocks: 32_760 },
    { seed: 'e', blocks: 20 },
  ]),
  'region-ends-a-zero-run': cut('a run of zeros ends with its region', [{ repeat: 0, blocks: 32_769 }]),
})
