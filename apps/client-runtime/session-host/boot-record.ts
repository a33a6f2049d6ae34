// SPDX-License-Identifier: Apache-2.0
//
// In which order a session first wanted the chunks of its disks: what becomes the package's prefetch list.
import { writeFile } from 'node:fs/promises'
import { encodePrefetchList, mostPrefetchChunks } from '@casemate/vm-package/prefetch'
import type { BootProgress } from '../local-api.ts'

const BLOCK_BYTES = 4096

export class BootRecord {
  readonly #seen = new Set<string>()
  readonly #chunks: [disk: number, block: number][] = []
  readonly #now: () => number
  #newAt: number | null = null

  /** @param now ms that only rise */
  constructor(now: () => number) {
    this.#now = now
  }

  /** How many chunks were read, and since when no new one was, in ms; null: none was read. */
  get progress(): BootProgress {
    return { chunks: this.#seen.size, quietMs: this.#newAt === null ? null : Math.round(this.#now() - this.#newAt) }
  }

  /** @param disk its place in the manifest @param offset where the chunk begins, in bytes */
  add(disk: number, offset: number): void {
    const block = offset / BLOCK_BYTES
    const key = `${disk} ${block}`
    if (this.#seen.has(key)) return
    this.#seen.add(key)
    this.#newAt = this.#now()
    if (this.#chunks.length < mostPrefetchChunks) this.#chunks.push([disk, block])
  }

  /** No file where nothing was read. @throws the write error */
  async write(file: string): Promise<void> {
    if (this.#chunks.length === 0) return
    await writeFile(file, encodePrefetchList({ format: 'casemate-prefetch-1', chunks: this.#chunks }))
  }
}
