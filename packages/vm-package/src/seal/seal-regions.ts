// SPDX-License-Identifier: Apache-2.0
//
// All regions of one disk. Batches of several regions are under way at once; a region's page is sealed when its last batch is.
import { blockBytes } from '../chunk/cut.ts'
import { type Entry, encodeEntries } from '../index/pages.ts'
import { blocksOfRegion, type PageRef, regionBytes } from '../index/root.ts'
import type { DiskSource } from '../source/disk-source.ts'
import { type Batch, cutRegion } from './cut-region.ts'
import type { ObjectIntake } from './object-intake.ts'

/** Zeros need no buffer, which would otherwise bound how many pages are made at once. */
const openRegions = 8

/**
 * @param tell hears of blocks that have been dealt with.
 * @throws PackageError `source-changed`, `source-unreadable`, `store-unwritable`, `seal-cancelled`
 */
export async function sealRegions(
  source: DiskSource,
  intake: Pick<ObjectIntake, 'takeBuffer' | 'giveBuffer' | 'seal'>,
  tell: (blocks: number) => void,
): Promise<readonly PageRef[]> {
  const pages: Promise<PageRef>[] = []
  const failures: unknown[] = []
  const under = new Set<Promise<unknown>>()
  const watched = <T>(work: Promise<T>): Promise<T> => {
    under.add(work)
    work.catch((error: unknown) => failures.push(error)).finally(() => under.delete(work))
    return work
  }
  try {
    while (pages.length * regionBytes < source.size) {
      const offset = pages.length * regionBytes
      const batches: Promise<readonly Entry[]>[] = []
      for await (const batch of cutRegion(source, { offset, blocks: blocksOfRegion(source.size, pages.length) }, () => intake.takeBuffer())) {
        batches.push(watched(sealBatch(batch, intake, tell)))
        if (failures.length > 0) throw failures[0]
      }
      pages.push(watched(sealPage(batches, intake)))
      await pages.at(-openRegions)
    }
    return await Promise.all(pages)
  } finally {
    // Nothing may be under way when the caller closes what it works with.
    await Promise.allSettled(under)
  }
}

async function sealBatch(
  { buffer, runs }: Batch,
  intake: Pick<ObjectIntake, 'giveBuffer' | 'seal'>,
  tell: (blocks: number) => void,
): Promise<readonly Entry[]> {
  const data = runs.flatMap(({ at, blocks }) => (at === null ? [] : [{ at, length: blocks * blockBytes }]))
  if (data.length === 0) intake.giveBuffer(buffer)
  const objects = (data.length === 0 ? [] : await intake.seal('chunk', buffer, data)).values()
  const entries = runs.map(({ at, blocks }) => ({ blocks, object: at === null ? null : (objects.next().value ?? null) }))
  tell(runs.reduce((sum, { blocks }) => sum + blocks, 0))
  return entries
}

async function sealPage(batches: readonly Promise<readonly Entry[]>[], intake: Pick<ObjectIntake, 'seal'>): Promise<PageRef> {
  const entries = (await Promise.all(batches)).flat()
  const plain = encodeEntries(entries)
  const owned = Buffer.from(new Uint8Array(plain).buffer)
  const [page] = await intake.seal('page', owned, [{ at: 0, length: owned.length }])
  if (page === undefined) throw new Error('a page was sealed into no object')
  return { ...page, entries: entries.length }
}
