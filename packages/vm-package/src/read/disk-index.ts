// SPDX-License-Identifier: Apache-2.0
//
// Which run of blocks holds which byte of a disk. Pages are fetched when they are first needed, and verified like any object.
import { blockBytes } from '../chunk/cut.ts'
import { PackageError } from '../error.ts'
import { decodeEntries, type Entry, entryBytes } from '../index/pages.ts'
import { blocksOfRegion, decodeRoot, type PageRef, regionBytes, rootRef } from '../index/root.ts'
import type { ManifestDisk } from '../manifest.ts'
import { ByteLru } from './byte-lru.ts'
import type { ObjectOpener } from './object-opener.ts'

/** What a parsed entry takes in memory, roughly. */
const parsedEntryBytes = 400
const parsedLimit = 33_554_432

/** A run of a disk; `offset` and `length` in bytes. */
export interface Placed extends Pick<Entry, 'object'> {
  readonly offset: number
  readonly length: number
}

/** Opens a page; may refuse to wait for it. */
export type OpenPage = (page: PageRef) => Promise<Buffer>

/** @throws PackageError `root-altered`, `root-missing` */
export async function openDiskIndex(opener: ObjectOpener, disk: ManifestDisk, packageKey: Uint8Array): Promise<DiskIndex> {
  const ref = rootRef(disk, packageKey)
  return new DiskIndex(disk, decodeRoot(await opener.openRoot(ref), disk))
}

export class DiskIndex {
  readonly pages: readonly PageRef[]
  readonly #disk: ManifestDisk
  readonly #regions = new ByteLru<readonly Placed[]>(parsedLimit)

  constructor(disk: ManifestDisk, pages: readonly PageRef[]) {
    this.#disk = disk
    this.pages = pages
  }

  /** The runs that cover `length` bytes at `offset`, in order. @throws PackageError `page-altered`, `page-missing`. */
  async find(offset: number, length: number, openPage: OpenPage): Promise<readonly Placed[]> {
    const found: Placed[] = []
    for (const index of regionsOf(offset, length)) found.push(...within(await this.region(index, openPage), offset, length))
    return found
  }

  /** As `find`, from pages that were parsed before; null when one of them was not. */
  findKnown(offset: number, length: number): readonly Placed[] | null {
    const found: Placed[] = []
    for (const index of regionsOf(offset, length)) {
      const runs = this.#regions.get(String(index))
      if (runs === undefined) return null
      found.push(...within(runs, offset, length))
    }
    return found
  }

  /** All runs of the region of `pages[index]`. */
  async region(index: number, openPage: OpenPage): Promise<readonly Placed[]> {
    const key = String(index)
    const known = this.#regions.get(key)
    if (known !== undefined) return known
    const page = this.pages[index]
    if (page === undefined) throw new RangeError(`no region ${index} in a disk of ${this.pages.length}`)
    const bytes = await openPage(page)
    const entries = decodeEntries(bytes, blocksOfRegion(this.#disk.size, index), (why) => this.#altered(page.name, why))
    const runs = place(entries, index * regionBytes)
    this.#regions.set(key, runs, runs.length * parsedEntryBytes)
    return runs
  }

  #altered(object: string, why: string): PackageError {
    const disk = this.#disk.name
    return new PackageError('page-altered', `disk \`${disk}\`: page \`${object}\`: ${why}`, undefined, { disk, object })
  }
}

/** Indices of the regions that hold `length` bytes at `offset`. */
function regionsOf(offset: number, length: number): readonly number[] {
  const first = Math.floor(offset / regionBytes)
  const last = Math.ceil((offset + length) / regionBytes)
  return Array.from({ length: last - first }, (_, at) => first + at)
}

/** Plain bytes of a page. */
export const pageLength = (page: PageRef): number => page.entries * entryBytes

function place(entries: readonly Entry[], start: number): readonly Placed[] {
  let offset = start
  return entries.map(({ blocks, object }) => {
    const run = { object, offset, length: blocks * blockBytes }
    offset += run.length
    return run
  })
}

function within(runs: readonly Placed[], offset: number, length: number): readonly Placed[] {
  const first = firstAfter(runs, offset)
  let last = first
  while ((runs[last]?.offset ?? offset + length) < offset + length) last += 1
  return runs.slice(first, last)
}

/** Index of the first run that ends after `offset`. */
function firstAfter(runs: readonly Placed[], offset: number): number {
  let low = 0
  let high = runs.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const run = runs[middle]
    if (run !== undefined && run.offset + run.length <= offset) low = middle + 1
    else high = middle
  }
  return low
}
