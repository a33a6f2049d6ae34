// SPDX-License-Identifier: Apache-2.0
//
// Ciphertext on the device's own disk, up to a limit. It gives up only what the origin can give again: when that is nothing, a new
// object is not kept rather than an old one lost. The same where the disk is all but full: the room is left to what a guest writes, for
// which nothing else can stand in. What it gives back is unchecked; the reader checks.
import { statfs } from 'node:fs/promises'
import { objectPath, openFolderStore } from '../store/folder-store.ts'
import type { ObjectSource, ObjectStore } from '../store/object-store.ts'

export interface ChunkCacheOptions {
  readonly folder: string
  readonly limitBytes: number
  /** Of the disk that it lies on, left to others; none unless told. */
  readonly leaveBytes?: number
  /** Asked before an object is given up. */
  readonly origin: Pick<ObjectSource, 'has'>
}

/** @throws PackageError `store-unwritable` */
export async function openChunkCache(options: ChunkCacheOptions): Promise<ChunkCache> {
  const store = await openFolderStore(options.folder, { durable: false })
  const sizes = new Map<string, number>()
  for await (const { name, size } of store.list()) sizes.set(name, size)
  return new ChunkCache(options, store, sizes)
}

/** Several disks may share one; several processes may not share a folder. */
export class ChunkCache {
  readonly #options: ChunkCacheOptions
  readonly #store: ObjectStore
  /** In the order of last use, the oldest first. */
  readonly #sizes: Map<string, number>
  #held: number
  #lastAdd: Promise<unknown> = Promise.resolve()

  constructor(options: ChunkCacheOptions, store: ObjectStore, sizes: Map<string, number>) {
    this.#options = options
    this.#store = store
    this.#sizes = sizes
    this.#held = [...sizes.values()].reduce((sum, size) => sum + size, 0)
  }

  /** Bytes on disk. */
  get heldBytes(): number {
    return this.#held
  }

  /** The path of the file that holds it, unless it is taken away meanwhile; null when there is none. It counts as used. */
  locate(name: string): string | null {
    const size = this.#sizes.get(name)
    if (size === undefined) return null
    this.#sizes.delete(name)
    this.#sizes.set(name, size)
    return objectPath(this.#options.folder, name)
  }

  has(name: string): boolean {
    return this.#sizes.has(name)
  }

  /** Its file is gone. */
  forget(name: string): void {
    this.#held -= this.#sizes.get(name) ?? 0
    this.#sizes.delete(name)
  }

  /**
   * One after the other, so that the limit holds. @returns whether it is kept now.
   * @throws PackageError `store-unwritable`
   */
  add(name: string, bytes: Uint8Array): Promise<boolean> {
    const adding = this.#lastAdd.then(() => this.#add(name, bytes))
    this.#lastAdd = adding.catch(() => false)
    return adding
  }

  async discard(name: string): Promise<void> {
    this.forget(name)
    await this.#store.delete(name)
  }

  async #add(name: string, bytes: Uint8Array): Promise<boolean> {
    if (this.#sizes.has(name)) return true
    if (!(await this.#hasRoom(bytes.length)) || !(await this.#makeRoom(bytes.length))) return false
    await this.#store.put(name, bytes)
    this.#sizes.set(name, bytes.length)
    this.#held += bytes.length
    return true
  }

  async #hasRoom(bytes: number): Promise<boolean> {
    const { folder, leaveBytes = 0 } = this.#options
    if (leaveBytes === 0) return true
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize - bytes >= leaveBytes
  }

  async #makeRoom(bytes: number): Promise<boolean> {
    const limit = this.#options.limitBytes - bytes
    if (limit < 0) return false
    for (const name of [...this.#sizes.keys()]) {
      if (this.#held <= limit) return true
      if (await this.#options.origin.has(name)) await this.discard(name)
    }
    return this.#held <= limit
  }
}
