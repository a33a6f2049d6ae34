// SPDX-License-Identifier: Apache-2.0
//
// From a reference to verified bytes: the cache, else the origin, each checked whole before a byte of it goes further. A bad cached
// object is removed, reported and fetched again; a bad one at the origin is an error. The same object is never fetched twice at once.
import { type ObjectRef, openObject, openSealed } from '../chunk/open.ts'
import { PackageError } from '../error.ts'
import type { ObjectSource } from '../store/object-store.ts'
import type { ByteLru } from './byte-lru.ts'
import type { ChunkCache } from './chunk-cache.ts'

export type OpenerEvent =
  /** The object in the cache was not what was sealed: it is removed, and the origin's is tried next. */
  | { readonly type: 'bad-cached-object'; readonly disk: string; readonly object: string; readonly error: PackageError }
  /** The cache could not keep a verified object, or not remove a bad one. */
  | { readonly type: 'cache-failed'; readonly disk: string; readonly object: string; readonly error: unknown }

export interface ObjectOpenerOptions {
  /** For events and errors. */
  readonly disk: string
  readonly origin: ObjectSource
  readonly cache: ChunkCache | null
  /** Plain chunks by name. */
  readonly plain: ByteLru<Buffer>
  readonly onEvent: (event: OpenerEvent) => void
}

type Kind = 'chunk' | 'page' | 'root'

export class ObjectOpener {
  readonly #options: ObjectOpenerOptions
  readonly #opening = new Map<string, Promise<Buffer>>()
  readonly #caching = new Set<Promise<void>>()
  #lastArrival = 0
  #closed = false

  constructor(options: ObjectOpenerOptions) {
    this.#options = options
  }

  /** When a verified object last came, by `performance.now()`. */
  get lastArrival(): number {
    return this.#lastArrival
  }

  /** Objects under way. */
  get busy(): number {
    return this.#opening.size
  }

  /** A chunk that was opened before and is still held in memory. */
  held(name: string): Buffer | undefined {
    return this.#options.plain.get(name)
  }

  /**
   * @returns the `plainLength` bytes that were sealed.
   * @throws PackageError `<kind>-altered`, `<kind>-missing`, naming disk and object.
   */
  open(kind: 'chunk' | 'page', ref: ObjectRef, plainLength: number): Promise<Buffer> {
    const under = this.#opening.get(ref.name)
    if (under !== undefined) return under
    const opening = this.#open(kind, ref, plainLength)
    const done = () => void this.#opening.delete(ref.name)
    this.#opening.set(ref.name, opening)
    opening.then(done, done)
    return opening
  }

  async #open(kind: 'chunk' | 'page', ref: ObjectRef, plainLength: number): Promise<Buffer> {
    const plain = await this.#find(kind, ref, (bytes) => openObject(kind, bytes, ref, plainLength))
    this.#lastArrival = performance.now()
    if (kind === 'chunk' && !this.#closed) this.#options.plain.set(ref.name, plain, plain.length)
    return plain
  }

  /** The message of a root page. @throws PackageError `root-altered`, `root-missing`. */
  openRoot(ref: ObjectRef): Promise<Buffer> {
    return this.#find('root', ref, (bytes) => openSealed('root', bytes, ref))
  }

  /** Resolves once nothing is written to the cache any more. What is still being fetched is not waited for, and not kept. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all(this.#caching)
  }

  async #find(kind: Kind, ref: ObjectRef, verify: (bytes: Uint8Array) => Promise<Buffer> | Buffer): Promise<Buffer> {
    const cached = await this.#fromCache(kind, ref, verify)
    if (cached !== null) return cached
    const bytes = await this.#fromOrigin(kind, ref)
    const plain = await this.#named(kind, ref, () => verify(bytes))
    this.#keep(ref.name, bytes)
    return plain
  }

  async #fromCache(kind: Kind, ref: ObjectRef, verify: (bytes: Uint8Array) => Promise<Buffer> | Buffer): Promise<Buffer | null> {
    const { cache, disk, onEvent } = this.#options
    if (cache === null) return null
    try {
      return await this.#named(kind, ref, async () => {
        const bytes = await cache.get(ref.name, ref.storedLength)
        return bytes === null ? null : await verify(bytes)
      })
    } catch (error) {
      if (!(error instanceof PackageError)) throw error
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

  async #fromOrigin(kind: Kind, ref: ObjectRef): Promise<Uint8Array> {
    const bytes = await this.#named(kind, ref, () => this.#options.origin.get(ref.name, ref.storedLength))
    if (bytes === null) throw this.#missing(kind, ref.name)
    return bytes
  }

  /** Every failure becomes one that names kind, disk and object. */
  async #named<T>(kind: Kind, ref: ObjectRef, act: () => Promise<T> | T): Promise<T> {
    try {
      return await act()
    } catch (cause) {
      const { disk } = this.#options
      if (!(cause instanceof PackageError)) throw this.#missing(kind, ref.name, cause)
      throw new PackageError(`${kind}-altered`, `disk \`${disk}\`: ${cause.message}`, cause, { disk, object: ref.name })
    }
  }

  #missing(kind: Kind, object: string, cause?: unknown): PackageError {
    const { disk } = this.#options
    return new PackageError(`${kind}-missing`, `disk \`${disk}\`: ${kind} \`${object}\` cannot be had`, cause, { disk, object })
  }

  #keep(object: string, bytes: Uint8Array): void {
    const { cache, disk, onEvent } = this.#options
    if (cache === null || this.#closed) return
    const caching: Promise<void> = cache
      .add(object, bytes)
      .then(
        () => undefined,
        (error: unknown) => onEvent({ type: 'cache-failed', disk, object, error }),
      )
      .finally(() => this.#caching.delete(caching))
    this.#caching.add(caching)
  }
}
