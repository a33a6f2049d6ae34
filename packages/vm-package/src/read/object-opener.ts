// SPDX-License-Identifier: Apache-2.0
//
// From a reference to verified bytes: the cache, else the origin, each checked whole before a byte of it goes further. A bad cached
// object is removed, reported and fetched again; a bad one at the origin is an error. The same object is never fetched twice at once.
import { checkSealed, type ObjectRef } from '../chunk/open.ts'
import { PackageError } from '../error.ts'
import type { ObjectSource } from '../store/object-store.ts'
import type { ChunkCache } from './chunk-cache.ts'
import type { OpeningPool } from './opening-pool.ts'
import type { DiskObjectKind } from './opening-task.ts'

export type OpenerEvent =
  /** The object in the cache was not what was sealed: it is removed, and the origin's is tried next. */
  | { readonly type: 'bad-cached-object'; readonly disk: string; readonly object: string; readonly error: PackageError }
  /** The cache could not keep a verified object, not remove a bad one, or not read one. */
  | { readonly type: 'cache-failed'; readonly disk: string; readonly object: string; readonly error: unknown }

export interface ObjectOpenerOptions {
  /** For events and errors. */
  readonly disk: string
  readonly origin: ObjectSource
  readonly cache: ChunkCache | null
  readonly pool: OpeningPool
  readonly onEvent: (event: OpenerEvent) => void
}

export class ObjectOpener {
  readonly #options: ObjectOpenerOptions
  readonly #opening = new Map<string, Promise<Buffer>>()
  readonly #fetching = new Map<string, { readonly began: number; readonly bytes: Promise<Uint8Array> }>()
  readonly #caching = new Map<string, Promise<void>>()
  #lastArrival = 0
  #closed = false

  constructor(options: ObjectOpenerOptions) {
    this.#options = options
  }

  /** When an object last came from the origin, by `performance.now()`. */
  get lastArrival(): number {
    return this.#lastArrival
  }

  /** Since when an object has been waited for, by `performance.now()`; null where it is not on its way from the origin. */
  fetchBegan(name: string): number | null {
    return this.#fetching.get(name)?.began ?? null
  }

  /** Objects under way. */
  get busy(): number {
    return this.#opening.size
  }

  /**
   * @returns the `plainLength` bytes that were sealed, the same ones to all who ask while it is being opened.
   * @throws PackageError `<kind>-altered`, `<kind>-missing`, naming disk and object.
   */
  open(kind: 'chunk' | 'page', ref: ObjectRef, plainLength: number): Promise<Buffer> {
    const under = this.#opening.get(ref.name)
    if (under !== undefined) return under
    const opening = this.#find(kind, ref, plainLength)
    const done = () => void this.#opening.delete(ref.name)
    this.#opening.set(ref.name, opening)
    opening.then(done, done)
    return opening
  }

  /** The message of a root page. @throws PackageError `root-altered`, `root-missing`. */
  openRoot(ref: ObjectRef): Promise<Buffer> {
    return this.#find('root', ref, 0)
  }

  /**
   * Brings an object to the cache without opening it; its bytes are checked against its name. @returns whether it is there now.
   * @throws PackageError `<kind>-altered`, `<kind>-missing`
   */
  async hold(kind: 'chunk' | 'page', ref: ObjectRef): Promise<boolean> {
    const { cache } = this.#options
    if (cache === null) return false
    if (cache.has(ref.name)) return true
    const bytes = await this.#fromOrigin(kind, ref)
    await this.#named(kind, ref, () => checkSealed(kind, bytes, ref))
    await this.#keep(ref.name, bytes)
    return cache.has(ref.name)
  }

  holds(name: string): boolean {
    return this.#options.cache?.has(name) === true
  }

  /** Resolves once nothing is written to the cache any more. What is still being fetched is not waited for, and not kept. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all(this.#caching.values())
  }

  async #find(kind: DiskObjectKind, ref: ObjectRef, plainLength: number): Promise<Buffer> {
    const cached = await this.#fromCache(kind, ref, plainLength)
    if (cached !== null) return cached
    const bytes = await this.#fromOrigin(kind, ref)
    const plain = await this.#named(kind, ref, () => this.#options.pool.open(kind, ref, plainLength, bytes))
    if (plain === null) throw this.#missing(kind, ref.name)
    void this.#keep(ref.name, bytes)
    return plain
  }

  async #fromCache(kind: DiskObjectKind, ref: ObjectRef, plainLength: number): Promise<Buffer | null> {
    const { cache, pool, disk, onEvent } = this.#options
    const path = cache?.locate(ref.name) ?? null
    if (cache === null || path === null) return null
    try {
      const plain = await this.#named(kind, ref, () => pool.open(kind, ref, plainLength, path))
      if (plain === null) cache.forget(ref.name)
      return plain
    } catch (error) {
      if (!(error instanceof PackageError)) throw error
      // What this computer could not read, for want of memory or files, may be intact.
      if (error.code === `${kind}-missing`) {
        onEvent({ type: 'cache-failed', disk, object: ref.name, error })
        return null
      }
      onEvent({ type: 'bad-cached-object', disk, object: ref.name, error })
      await this.#discard(cache, ref.name)
      return null
    }
  }

  async #discard(cache: ChunkCache, object: string): Promise<void> {
    try {
      await cache.discard(object)
    } catch (error) {
      this.#options.onEvent({ type: 'cache-failed', disk: this.#options.disk, object, error })
    }
  }

  #fromOrigin(kind: DiskObjectKind, ref: ObjectRef): Promise<Uint8Array> {
    const under = this.#fetching.get(ref.name)
    if (under !== undefined) return under.bytes
    const bytes = this.#fetch(kind, ref)
    const done = () => void this.#fetching.delete(ref.name)
    this.#fetching.set(ref.name, { began: performance.now(), bytes })
    bytes.then(done, done)
    return bytes
  }

  /** The object as the origin gave it, with the name that it should have. */
  async #fetch(kind: DiskObjectKind, ref: ObjectRef): Promise<Uint8Array> {
    const bytes = await this.#named(kind, ref, () => this.#options.origin.get(ref.name, ref.storedLength))
    if (bytes === null) throw this.#missing(kind, ref.name)
    this.#lastArrival = performance.now()
    return bytes
  }

  /** Every failure becomes one that names kind, disk and object. */
  async #named<T>(kind: DiskObjectKind, ref: ObjectRef, act: () => Promise<T> | T): Promise<T> {
    try {
      return await act()
    } catch (cause) {
      const { disk } = this.#options
      if (!(cause instanceof PackageError)) throw this.#missing(kind, ref.name, cause)
      throw new PackageError(`${kind}-altered`, `disk \`${disk}\`: ${cause.message}`, cause, { disk, object: ref.name })
    }
  }

  #missing(kind: DiskObjectKind, object: string, cause?: unknown): PackageError {
    const { disk } = this.#options
    return new PackageError(`${kind}-missing`, `disk \`${disk}\`: ${kind} \`${object}\` cannot be had`, cause, { disk, object })
  }

  /** Resolves once the cache has it, or has said that it could not keep it. */
  #keep(object: string, bytes: Uint8Array): Promise<void> {
    const { cache, disk, onEvent } = this.#options
    if (cache === null || this.#closed) return Promise.resolve()
    const caching = cache
      .add(object, bytes)
      .then(
        () => undefined,
        (error: unknown) => onEvent({ type: 'cache-failed', disk, object, error }),
      )
      .finally(() => this.#caching.delete(object))
    this.#caching.set(object, caching)
    return caching
  }
}
