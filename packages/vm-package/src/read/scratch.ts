// SPDX-License-Identifier: Apache-2.0
//
// Chunks that were read here and there, so that the next such read need not open a whole chunk for 4 KiB: their verified bytes in a file
// that has no name, encrypted sector by sector under a key that only this process knows; tags and counters stay in memory. The oldest
// give way when it is full. It is a help, never a need: what it cannot give back intact is opened again from its object.
import { createSecretKey, randomBytes, randomUUID } from 'node:crypto'
import { readSync } from 'node:fs'
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { tagBytes } from '../chunk/cipher.ts'
import { blockBytes as sectorBytes } from '../chunk/cut.ts'
import { PackageError } from '../error.ts'
import type { OpeningPool } from './opening-pool.ts'
import { openSector } from './sector-cipher.ts'

interface Stashed {
  readonly position: number
  readonly length: number
  readonly counter: number
  /** Null while it is being written. */
  tags: Uint8Array | null
}

export interface ScratchOptions {
  readonly folder: string
  readonly limitBytes: number
  readonly pool: OpeningPool
  /** It could not be written; it is used no more. */
  readonly onFailure: (error: unknown) => void
}

/** @throws PackageError `store-unwritable` */
export async function openScratch(options: ScratchOptions): Promise<Scratch> {
  const path = join(options.folder, `.scratch-${randomUUID()}`)
  try {
    await mkdir(options.folder, { recursive: true, mode: 0o700 })
    const file = await open(path, 'wx+', 0o600)
    await rm(path)
    return new Scratch(options, file)
  } catch (cause) {
    throw new PackageError('store-unwritable', `the scratch file \`${path}\` cannot be made`, cause)
  }
}

export class Scratch {
  readonly #options: ScratchOptions
  readonly #file: FileHandle
  readonly #key = randomBytes(32)
  readonly #secret = createSecretKey(this.#key)
  /** In the order in which they were written, which is the order in the file, seen as a ring. */
  readonly #stashed = new Map<string, Stashed>()
  readonly #sector = Buffer.alloc(sectorBytes)
  readonly #writing = new Set<Promise<void>>()
  #end = 0
  #counter = 0
  #closed = false

  constructor(options: ScratchOptions, file: FileHandle) {
    this.#options = options
    this.#file = file
  }

  has(name: string): boolean {
    return this.#stashed.has(name)
  }

  /** Takes the plain bytes of a chunk over; nobody else may use them. They are overwritten when they are written. */
  keep(name: string, plain: Uint8Array<ArrayBuffer>): void {
    const { length } = plain
    if (this.#closed || this.#stashed.has(name) || length > this.#options.limitBytes) {
      plain.fill(0)
      return
    }
    const stashed: Stashed = { position: this.#makeRoom(length), length, counter: this.#counter, tags: null }
    this.#counter += length / sectorBytes
    this.#stashed.set(name, stashed)
    const { position, counter } = stashed
    const writing: Promise<void> = this.#options.pool
      .stash({ file: this.#file.fd, position, key: this.#key, counter, plain })
      .then(
        (tags) => {
          stashed.tags = tags
        },
        (error: unknown) => this.#fail(error),
      )
      .finally(() => this.#writing.delete(writing))
    this.#writing.add(writing)
  }

  /**
   * Copies `into.length` bytes at `from` of the chunk. Blocks for the time of a read from a file that was written not long ago.
   * @returns false when it cannot give them; `into` is then undefined.
   */
  read(name: string, from: number, into: Buffer): boolean {
    const stashed = this.#stashed.get(name)
    if (stashed === undefined || stashed.tags === null) return false
    const last = from + into.length
    for (let sector = Math.floor(from / sectorBytes); sector * sectorBytes < last; sector += 1) {
      const plain = this.#open(stashed, stashed.tags, sector)
      if (plain === null) {
        this.#stashed.delete(name)
        return false
      }
      const at = sector * sectorBytes
      plain.copy(into, Math.max(0, at - from), Math.max(0, from - at), Math.min(sectorBytes, last - at))
    }
    return true
  }

  /** The file goes, and with it the key. */
  async close(): Promise<void> {
    this.#closed = true
    this.#stashed.clear()
    await Promise.all(this.#writing)
    await this.#file.close()
    this.#key.fill(0)
  }

  #open({ position, counter }: Stashed, tags: Uint8Array, sector: number): Buffer | null {
    try {
      if (readSync(this.#file.fd, this.#sector, 0, sectorBytes, position + sector * sectorBytes) !== sectorBytes) return null
    } catch {
      return null
    }
    return openSector(this.#secret, counter + sector, this.#sector, tags.subarray(sector * tagBytes, (sector + 1) * tagBytes))
  }

  /** Where `length` bytes go next; what lies there is given up. */
  #makeRoom(length: number): number {
    const wraps = this.#end + length > this.#options.limitBytes
    const start = wraps ? 0 : this.#end
    for (const [name, { position, length: taken }] of this.#stashed) {
      const ahead = wraps && position >= this.#end
      if (!ahead && (position + taken <= start || position >= start + length)) break
      this.#stashed.delete(name)
    }
    this.#end = start + length
    return start
  }

  #fail(error: unknown): void {
    if (this.#closed) return
    this.#closed = true
    this.#stashed.clear()
    this.#options.onFailure(error)
  }
}
