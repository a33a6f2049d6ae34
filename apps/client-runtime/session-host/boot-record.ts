// SPDX-License-Identifier: Apache-2.0
//
// In which order a session first wanted the chunks of its disks: what becomes the package's prefetch list.
import { writeFile } from 'node:fs/promises'
import { encodePrefetchList, mostPrefetchChunks } from '@casemate/vm-package/prefetch'

const BLOCK_BYTES = 4096

export class BootRecord {
  readonly #seen = new Set<string>()
  readonly #chunks: [disk: number, block: number][] = []

  /** @param disk its place in the manifest @param offset where the chunk begins, in bytes */
  add(disk: number, offset: number): void {
    const block = offset / BLOCK_BYTES
    const key = `${disk} ${block}`
    if (this.#seen.has(key) || this.#chunks.length >= mostPrefetchChunks) return
    this.#seen.add(key)
    this.#chunks.push([disk, block])
  }

  /** @throws PackageError `prefetch-invalid` when nothing was read; the write error */
  async write(file: string): Promise<void> {
    await writeFile(file, encodePrefetchList({ format: 'casemate-prefetch-1', chunks: this.#chunks }))
  }
}
