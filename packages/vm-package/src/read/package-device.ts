// SPDX-License-Identifier: Apache-2.0
//
// A disk of a package as a read-only block device. Every byte it answers was verified before: root by the manifest, page by the root,
// chunk by the page, each by name and by tag. What is altered and cannot be had intact is an error that names disk and object; what
// is merely slow is the error `chunk-late`, while the fetch goes on and an event says when it has come.
import { altered } from '../chunk/open.ts'
import { forEachConcurrent } from '../concurrent.ts'
import { PackageError } from '../error.ts'
import type { ManifestDisk } from '../manifest.ts'
import type { ObjectSource } from '../store/object-store.ts'
import type { BlockDevice, Extent } from './block-device.ts'
import { ByteLru } from './byte-lru.ts'
import type { ChunkCache } from './chunk-cache.ts'
import { type DiskIndex, openDiskIndex, type Placed, pageLength } from './disk-index.ts'
import { ObjectOpener, type OpenerEvent } from './object-opener.ts'
import { waitFor } from './patience.ts'

const plaintextDefault = 67_108_864
const lateDefault = 2000
const concurrentChunks = 4
const readAheadBytes = 1_048_576
const rememberedEnds = 16

export type PackageDiskEvent =
  | OpenerEvent
  /** A read was answered with an error since the object did not come in time; it is still being fetched. */
  | { readonly type: 'chunk-late'; readonly disk: string; readonly object: string }
  /** It has come now and is verified: the read may be tried again. */
  | { readonly type: 'chunk-arrived'; readonly disk: string; readonly object: string }
  /** It will not come, or what came was altered. */
  | { readonly type: 'chunk-failed'; readonly disk: string; readonly object: string; readonly error: unknown }

export interface PackageDiskOptions {
  /** From a manifest whose SHA-256 was checked. */
  readonly disk: ManifestDisk
  /** 32 bytes. */
  readonly packageKey: Uint8Array
  readonly origin: ObjectSource
  /** Ciphertext on this device; null (the default): every chunk comes from the origin. */
  readonly cache?: ChunkCache | null
  /** Limit for decrypted chunks in memory, in bytes; 64 MiB unless told. */
  readonly plaintextBytes?: number
  /** How long a read waits while nothing comes (`patience.ts`); 2000 ms unless told. */
  readonly lateAfterMs?: number
  /** Called as it happens; must not throw. */
  readonly onEvent?: (event: PackageDiskEvent) => void
}

export interface PackageDisk extends BlockDevice {
  readonly name: string
  readonly readOnly: true
  /**
   * @throws PackageError `range-invalid`, `chunk-late`, `chunk-altered`, `chunk-missing`, `page-altered`, `page-missing`; all but the
   * first carry `subject.disk` and `subject.object`.
   */
  read(offset: number, length: number): Promise<Buffer>
  extents(offset: number, length: number): Promise<readonly Extent[]>
  /** Forgets what was decrypted; resolves once nothing is written to the cache any more. */
  close(): Promise<void>
}

/** @throws PackageError `root-altered`, `root-missing` */
export async function openPackageDisk(options: PackageDiskOptions): Promise<PackageDisk> {
  const { disk, packageKey, origin, cache = null } = options
  const onEvent = options.onEvent ?? (() => undefined)
  const plain = new ByteLru<Buffer>(options.plaintextBytes ?? plaintextDefault)
  const opener = new ObjectOpener({ disk: disk.name, origin, cache, plain, onEvent })
  const index = await openDiskIndex(opener, disk, packageKey)
  return new Disk({ disk, opener, index, plain, onEvent, lateAfterMs: options.lateAfterMs ?? lateDefault })
}

interface Parts {
  readonly disk: ManifestDisk
  readonly opener: ObjectOpener
  readonly index: DiskIndex
  readonly plain: ByteLru<Buffer>
  readonly onEvent: (event: PackageDiskEvent) => void
  readonly lateAfterMs: number
}

class Disk implements PackageDisk {
  readonly name: string
  readonly size: number
  readonly readOnly = true
  readonly #parts: Parts
  /** Objects that a read gave up waiting for. */
  readonly #late = new Set<string>()
  /** Where the last reads ended: a read that begins there goes on with one of them. */
  readonly #ends: number[] = []

  constructor(parts: Parts) {
    this.name = parts.disk.name
    this.size = parts.disk.size
    this.#parts = parts
  }

  async read(offset: number, length: number): Promise<Buffer> {
    const runs = await this.#find(offset, length)
    const bytes = Buffer.alloc(length)
    await forEachConcurrent(runs, concurrentChunks, async (run) => {
      if (run.object === null) return
      const chunk = await this.#chunk(run)
      const from = Math.max(offset, run.offset)
      const to = Math.min(offset + length, run.offset + run.length)
      chunk.copy(bytes, from - offset, from - run.offset, to - run.offset)
    })
    this.#noteEnd(offset, length)
    return bytes
  }

  async extents(offset: number, length: number): Promise<readonly Extent[]> {
    const extents: { length: number; readonly zero: boolean }[] = []
    for (const run of await this.#find(offset, length)) {
      const part = Math.min(offset + length, run.offset + run.length) - Math.max(offset, run.offset)
      const zero = run.object === null
      const last = extents.at(-1)
      if (last?.zero === zero) last.length += part
      else extents.push({ length: part, zero })
    }
    return extents
  }

  async close(): Promise<void> {
    await this.#parts.opener.close()
    this.#parts.plain.clear()
  }

  async #find(offset: number, length: number): Promise<readonly Placed[]> {
    if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0 || offset + length > this.size) {
      throw new PackageError('range-invalid', `disk \`${this.name}\` has ${this.size} bytes, asked for ${length} at ${offset}`)
    }
    const { index, opener } = this.#parts
    return await index.find(offset, length, (page) => this.#inTime(page.name, opener.open('page', page, pageLength(page))))
  }

  async #chunk({ object, length }: Placed): Promise<Buffer> {
    if (object === null) return Buffer.alloc(length)
    const { opener } = this.#parts
    const chunk = opener.held(object.name) ?? (await this.#inTime(object.name, opener.open('chunk', object, length)))
    if (chunk.length !== length) throw altered('chunk', object.name, `expected ${length} bytes, found ${chunk.length}`)
    return chunk
  }

  /** `opening`, or `chunk-late` when that takes too long; the fetch goes on either way. */
  #inTime(object: string, opening: Promise<Buffer>): Promise<Buffer> {
    const { lateAfterMs, opener } = this.#parts
    return waitFor(opening, { quietMs: lateAfterMs, lastArrival: () => opener.lastArrival }, () => {
      this.#follow(object, opening)
      const message = `disk \`${this.name}\`: object \`${object}\` did not come in time`
      return new PackageError('chunk-late', message, undefined, { disk: this.name, object })
    })
  }

  #follow(object: string, opening: Promise<Buffer>): void {
    if (this.#late.has(object)) return
    const { onEvent } = this.#parts
    const disk = this.name
    this.#late.add(object)
    onEvent({ type: 'chunk-late', disk, object })
    opening
      .then(
        () => onEvent({ type: 'chunk-arrived', disk, object }),
        (error: unknown) => onEvent({ type: 'chunk-failed', disk, object, error }),
      )
      .finally(() => this.#late.delete(object))
  }

  #noteEnd(offset: number, length: number): void {
    const at = this.#ends.indexOf(offset)
    if (at >= 0) this.#ends.splice(at, 1)
    this.#ends.push(offset + length)
    if (this.#ends.length > rememberedEnds) this.#ends.shift()
    if (at >= 0) void this.#readAhead(offset + length)
  }

  /** Opens what a sequential reader will want next. A failure is reported by the read that needs the object. */
  async #readAhead(offset: number): Promise<void> {
    const { index, opener } = this.#parts
    const length = Math.min(readAheadBytes, this.size - offset)
    const runs = await index.find(offset, length, (page) => opener.open('page', page, pageLength(page))).catch(() => [])
    for (const { object, length: plainLength } of runs) {
      if (opener.busy >= concurrentChunks) return
      if (object !== null && opener.held(object.name) === undefined) void opener.open('chunk', object, plainLength)
    }
  }
}
