// SPDX-License-Identifier: Apache-2.0
//
// Brings a package to this device before it is read: first in the order of its prefetch list, as fast as the line gives, then everything
// else at a limited rate. Reads go before: they fetch for themselves, and nothing is fetched twice. A failure here is met by the read
// that needs the object; what could not be fetched is left out.
import { setTimeout } from 'node:timers/promises'
import { blockBytes } from '../chunk/cut.ts'
import type { ObjectRef } from '../chunk/open.ts'
import { forEachConcurrent } from '../concurrent.ts'
import type { PackageDisk } from '../read/package-device.ts'
import type { PrefetchList } from './list.ts'

/** Enough to fill a line of 100 Mbit/s and 20 ms with objects of about 100 KiB. */
const concurrentFetches = 8
const concurrentFills = 2

export interface FetchAheadOptions {
  /** In the order of the manifest. */
  readonly disks: readonly PackageDisk[]
  readonly list: PrefetchList | null
  /** For what the list does not name; asked before each object. */
  readonly fillBytesPerSecond: () => number
  readonly signal: AbortSignal
}

export interface HeldContent {
  /** Bytes of the package that are on this device. */
  readonly heldBytes: number
  /** Of all its objects, but for chunks of pages that could not be had, which are not held either; null until the index was gone through. */
  readonly totalBytes: number | null
}

export class FetchAhead {
  readonly #options: FetchAheadOptions
  /** Bytes of the objects seen so far, by name. */
  readonly #known = new Map<string, number>()
  readonly #held = new Set<string>()
  #heldBytes = 0
  #complete = false
  /** The cache did not keep what it was given. */
  #full = false

  constructor(options: FetchAheadOptions) {
    this.#options = options
  }

  get content(): HeldContent {
    return { heldBytes: this.#heldBytes, totalBytes: this.#complete ? [...this.#known.values()].reduce((sum, bytes) => sum + bytes, 0) : null }
  }

  /** Resolves once everything is here, or could not be had, or there is no room for more, or the signal fires. */
  async run(): Promise<void> {
    await this.#follow()
    await this.#survey()
    await this.#fill()
  }

  async #follow(): Promise<void> {
    const { disks, list } = this.#options
    await forEachConcurrent(list?.chunks ?? [], concurrentFetches, async ([disk, block]) => {
      const from = disks[disk]
      if (this.#full || this.#options.signal.aborted || from === undefined || block * blockBytes >= from.size) return
      const object = await from.objectAt(block * blockBytes).catch(() => null)
      if (object !== null) await this.#hold(from, object)
    })
  }

  /** Goes through the index: how much there is, and what of it is here. */
  async #survey(): Promise<void> {
    for (const disk of this.#options.disks) {
      for await (const object of disk.objects()) {
        if (this.#options.signal.aborted) return
        this.#know(object)
        if (disk.holds(object.name)) this.#count(object)
      }
    }
    this.#complete = true
  }

  async #fill(): Promise<void> {
    const { disks, fillBytesPerSecond, signal } = this.#options
    let earliest = performance.now()
    for (const disk of disks) {
      await forEachConcurrent(disk.objects(), concurrentFills, async (object) => {
        if (this.#full || signal.aborted || this.#held.has(object.name)) return
        if (disk.holds(object.name)) {
          this.#count(object)
          return
        }
        const now = performance.now()
        earliest = Math.max(earliest, now) + (object.storedLength / fillBytesPerSecond()) * 1000
        await this.#hold(disk, object)
        await setTimeout(Math.max(0, earliest - performance.now()), undefined, { signal }).catch(() => undefined)
      })
    }
  }

  async #hold(disk: PackageDisk, object: ObjectRef): Promise<void> {
    this.#know(object)
    const kept = await disk.hold(object).catch(() => null)
    if (kept === true) this.#count(object)
    // What comes next would be fetched for nothing.
    if (kept === false) this.#full = true
  }

  #know(object: ObjectRef): void {
    this.#known.set(object.name, object.storedLength)
  }

  #count({ name, storedLength }: ObjectRef): void {
    if (this.#held.has(name)) return
    this.#held.add(name)
    this.#heldBytes += storedLength
  }
}
