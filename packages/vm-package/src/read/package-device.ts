// SPDX-License-Identifier: Apache-2.0
//
// A disk of a package as a read-only block device. Every byte it answers was verified before: root by the manifest, page by the root,
// chunk by the page, each by name and by tag. What is altered and cannot be had intact is an error that names disk and object; what
// is merely slow is the error `chunk-late`, while the fetch goes on and an event says when it has come.
import { altered, type ObjectRef } from '../chunk/open.ts'
import { release } from '../chunk/release.ts'
import { forEachConcurrent } from '../concurrent.ts'
import { PackageError } from '../error.ts'
import type { ManifestDisk } from '../manifest.ts'
import type { ObjectSource } from '../store/object-store.ts'
import type { BlockDevice, Extent } from './block-device.ts'
import type { ChunkCache } from './chunk-cache.ts'
import { type DiskIndex, openDiskIndex, type Placed, pageLength } from './disk-index.ts'
import { ObjectOpener, type OpenerEvent } from './object-opener.ts'
import { openingPool } from './opening-pool.ts'
import { waitFor } from './patience.ts'
import { PlainChunks } from './plain-chunks.ts'
import { ReadStreams } from './read-streams.ts'
import { openScratch, type Scratch } from './scratch.ts'

const plaintextDefault = 67_108_864
const lateDefault = 2000
const concurrentChunks = 8
const readAheadBytes = 2_097_152
/** Larger reads pay for the chunks that they open. */
const scatteredBelow = 65_536

export type PackageDiskEvent =
  | OpenerEvent
  /** Chunks that are read here and there are not kept on the device any more. */
  | { readonly type: 'scratch-failed'; readonly disk: string; readonly error: unknown }
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
  /** A file on this device for chunks that are read here and there (`scratch.ts`); null (the default): none. */
  readonly scratch?: { readonly folder: string; readonly limitBytes: number } | null
  /** Told where in the disk, in bytes, a run begins that a read wants; for recording a boot. */
  readonly onRead?: (offset: number) => void
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
  giveBack(bytes: Uint8Array): void
  readNow(offset: number, into: Buffer): boolean
  extents(offset: number, length: number): Promise<readonly Extent[]>
  /** The chunk that holds the byte at `offset`; null in a run of zeros. @throws PackageError `page-altered`, `page-missing`. */
  objectAt(offset: number): Promise<ObjectRef | null>
  /** Every page and its chunks, in the order of the disk; of a page that cannot be had, nothing but itself. */
  objects(): AsyncIterable<ObjectRef>
  /** Brings a chunk to the cache without opening it. @returns whether it is there now. @throws PackageError `chunk-altered`, `chunk-missing`. */
  hold(object: ObjectRef): Promise<boolean>
  /** Whether the cache has it. */
  holds(name: string): boolean
  /** Forgets what was decrypted; resolves once nothing is written to the cache any more. */
  close(): Promise<void>
}

/** @throws PackageError `root-altered`, `root-missing`; `store-unwritable` for the scratch file. */
export async function openPackageDisk(options: PackageDiskOptions): Promise<PackageDisk> {
  const { disk, packageKey, origin, cache = null } = options
  const onEvent = options.onEvent ?? (() => undefined)
  const pool = openingPool()
  const opener = new ObjectOpener({ disk: disk.name, origin, cache, pool, onEvent })
  const index = await openDiskIndex(opener, disk, packageKey)
  const onFailure = (error: unknown) => onEvent({ type: 'scratch-failed', disk: disk.name, error })
  const scratch: Scratch | null = options.scratch == null ? null : await openScratch({ ...options.scratch, pool, onFailure })
  const plain = new PlainChunks(options.plaintextBytes ?? plaintextDefault, scratch)
  return new Disk({
    disk,
    opener,
    index,
    plain,
    onEvent,
    lateAfterMs: options.lateAfterMs ?? lateDefault,
    onRead: options.onRead ?? (() => undefined),
  })
}

interface Parts {
  readonly disk: ManifestDisk
  readonly opener: ObjectOpener
  readonly index: DiskIndex
  readonly plain: PlainChunks
  readonly onEvent: (event: PackageDiskEvent) => void
  readonly lateAfterMs: number
  readonly onRead: (offset: number) => void
}

class Disk implements PackageDisk {
  readonly name: string
  readonly size: number
  readonly readOnly = true
  readonly #parts: Parts
  readonly #streams = new ReadStreams()
  readonly #opening = new Map<string, Promise<Buffer>>()
  /** Objects that a read gave up waiting for. */
  readonly #late = new Set<string>()

  constructor(parts: Parts) {
    this.name = parts.disk.name
    this.size = parts.disk.size
    this.#parts = parts
  }

  async read(offset: number, length: number): Promise<Buffer> {
    this.#check(offset, length)
    const goesOn = this.#streams.note(offset, length)
    const runs = await this.#find(offset, length)
    // Made when the first chunk is there: those of many reads that wait would take more memory than what they wait for.
    let bytes: Buffer | null = null
    const into = () => (bytes ??= Buffer.allocUnsafe(length))
    await forEachConcurrent(runs, concurrentChunks, (run) => this.#fill(run, offset, into, !goesOn && length < scatteredBelow))
    if (goesOn) void this.#readAhead(offset + length)
    return into()
  }

  giveBack({ buffer }: Uint8Array): void {
    if (buffer instanceof ArrayBuffer) release(new Uint8Array(buffer))
  }

  readNow(offset: number, into: Buffer): boolean {
    const { length } = into
    if (length >= scatteredBelow || !this.#isWithin(offset, length)) return false
    const { index, plain } = this.#parts
    const runs = index.findKnown(offset, length)
    if (runs?.every(({ object }) => object === null || plain.has(object.name)) !== true) return false
    const goesOn = this.#streams.note(offset, length)
    for (const run of runs) {
      const { piece, from } = pieceOf(run, offset, into)
      if (run.object === null) piece.fill(0)
      else if (!plain.copy(run.object.name, from, piece, !goesOn)) return false
    }
    if (goesOn) void this.#readAhead(offset + length)
    return true
  }

  async extents(offset: number, length: number): Promise<readonly Extent[]> {
    this.#check(offset, length)
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

  async objectAt(offset: number): Promise<ObjectRef | null> {
    this.#check(offset, 1)
    const { index, opener } = this.#parts
    const [run] = await index.find(offset, 1, (page) => opener.open('page', page, pageLength(page)))
    return run?.object ?? null
  }

  async *objects(): AsyncGenerator<ObjectRef> {
    const { index, opener } = this.#parts
    for (const [at, page] of index.pages.entries()) {
      yield page
      const runs = await index.region(at, (ref) => opener.open('page', ref, pageLength(ref))).catch(() => [])
      for (const { object } of runs) if (object !== null) yield object
    }
  }

  hold(object: ObjectRef): Promise<boolean> {
    return this.#parts.opener.hold('chunk', object)
  }

  holds(name: string): boolean {
    return this.#parts.opener.holds(name)
  }

  async close(): Promise<void> {
    await this.#parts.opener.close()
    await this.#parts.plain.close()
  }

  #isWithin(offset: number, length: number): boolean {
    return Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0 && offset + length <= this.size
  }

  #check(offset: number, length: number): void {
    if (this.#isWithin(offset, length)) return
    throw new PackageError('range-invalid', `disk \`${this.name}\` has ${this.size} bytes, asked for ${length} at ${offset}`)
  }

  async #find(offset: number, length: number): Promise<readonly Placed[]> {
    const { index, opener } = this.#parts
    return await index.find(offset, length, (page) => this.#inTime(page.name, opener.open('page', page, pageLength(page))))
  }

  /** Fills the part of `into()`, whose bytes stand for the disk at `offset`, that `run` covers. */
  async #fill(run: Placed, offset: number, into: () => Buffer, scattered: boolean): Promise<void> {
    const { object, length } = run
    if (object === null) {
      pieceOf(run, offset, into()).piece.fill(0)
      return
    }
    const { plain, onRead } = this.#parts
    onRead(run.offset)
    if (plain.has(object.name)) {
      const { piece, from } = pieceOf(run, offset, into())
      if (plain.copy(object.name, from, piece, scattered)) return
    }
    const chunk = await this.#inTime(object.name, this.#open(object, length, scattered))
    if (chunk.length !== length) throw altered('chunk', object.name, `expected ${length} bytes, found ${chunk.length}`)
    const { piece, from } = pieceOf(run, offset, into())
    chunk.copy(piece, 0, from, from + piece.length)
  }

  /** Whoever gets the chunk uses it in the same turn of the event loop (`plain-chunks.ts`). */
  #open(object: ObjectRef, length: number, scattered: boolean): Promise<Buffer> {
    const under = this.#opening.get(object.name)
    if (under !== undefined) return under
    const { opener, plain } = this.#parts
    // Handed over once, however many wait for it: what has left memory again must not come back.
    const opening = opener.open('chunk', object, length).then((chunk) => {
      plain.add(object.name, chunk, scattered)
      return chunk
    })
    const done = () => void this.#opening.delete(object.name)
    this.#opening.set(object.name, opening)
    opening.then(done, done)
    return opening
  }

  /** `opening`, or `chunk-late` when that takes too long; the fetch goes on either way. */
  #inTime(object: string, opening: Promise<Buffer>): Promise<Buffer> {
    const { lateAfterMs, opener } = this.#parts
    return waitFor(opening, { quietMs: lateAfterMs, fetchBegan: () => opener.fetchBegan(object), lastArrival: () => opener.lastArrival }, () => {
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

  /** Opens what a sequential reader will want next. A failure is reported by the read that needs the object. */
  async #readAhead(offset: number): Promise<void> {
    const { index, opener, plain } = this.#parts
    // A reader that asks for much at once is ahead already.
    if (opener.busy >= concurrentChunks) return
    const length = Math.min(readAheadBytes, this.size - offset)
    const runs = await index.find(offset, length, (page) => opener.open('page', page, pageLength(page))).catch(() => [])
    for (const { object, length: plainLength } of runs) {
      if (opener.busy >= concurrentChunks) return
      if (object !== null && !plain.has(object.name)) void this.#open(object, plainLength, false).catch(() => undefined)
    }
  }
}

/** The part of `bytes`, which stand for the disk at `offset`, that `run` covers, and where in the run it begins. */
function pieceOf(run: Placed, offset: number, bytes: Buffer): { readonly piece: Buffer; readonly from: number } {
  const start = Math.max(offset, run.offset)
  const end = Math.min(offset + bytes.length, run.offset + run.length)
  return { piece: bytes.subarray(start - offset, end - offset), from: start - run.offset }
}
