// SPDX-License-Identifier: Apache-2.0
//
// The way of a seal's objects into its store, with the counts of what went: by worker threads where the store lets them write, through
// `put` elsewhere.
import { blockBytes } from '../chunk/cut.ts'
import type { ObjectRef } from '../chunk/open.ts'
import { PackageError } from '../error.ts'
import type { SealProgress, SealRequest } from '../seal.ts'
import type { FolderIntake } from '../store/folder-intake.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { memoKeys } from './memo-format.ts'
import { MemoWriter } from './memo-writer.ts'
import type { ObjectToStore, Task } from './task.ts'
import { WorkerPool } from './worker-pool.ts'

export class ObjectIntake {
  readonly stats: { bytesRead: number; readonly bytesTotal: number; chunks: number; newObjects: number; storedBytes: number; reusedChunks: number }
  readonly #store: ObjectStore
  readonly #folder: FolderIntake | null
  readonly #memo: MemoWriter | null
  readonly #pool: WorkerPool
  readonly #putting = new Map<string, Promise<boolean>>()
  readonly #signal: AbortSignal | undefined
  readonly #onProgress: ((progress: SealProgress) => void) | undefined

  constructor({ store, orgKey, signal, onProgress }: Pick<SealRequest, 'store' | 'orgKey' | 'signal' | 'onProgress'>, bytesTotal: number) {
    this.stats = { bytesRead: 0, bytesTotal, chunks: 0, newObjects: 0, storedBytes: 0, reusedChunks: 0 }
    this.#store = store
    this.#folder = store.intake?.() ?? null
    const place = this.#folder === null ? null : { folder: this.#folder.folder, id: this.#folder.id }
    this.#memo = place === null ? null : new MemoWriter(place, memoKeys(orgKey))
    this.#pool = new WorkerPool({ orgKey, place }, bytesTotal)
    this.#signal = signal
    this.#onProgress = onProgress
  }

  /** For `seal`. @throws PackageError `seal-cancelled` */
  async takeBuffer(): Promise<Buffer<ArrayBuffer>> {
    this.#throwIfCancelled()
    return await this.#pool.takeBuffer()
  }

  giveBuffer(buffer: Buffer<ArrayBuffer>): void {
    this.#pool.giveBuffer(buffer)
  }

  /** Seals the runs and stores the objects. `buffer` goes: into the pool where it came from there. @throws PackageError `store-unwritable` */
  async seal(kind: Task['kind'], buffer: Buffer<ArrayBuffer>, runs: Task['runs']): Promise<readonly ObjectRef[]> {
    const done = await this.#pool.seal(kind, buffer, runs)
    try {
      for (const object of done.objects) await this.#take(object)
    } finally {
      if (kind === 'chunk') this.giveBuffer(done.buffer)
    }
    if (kind === 'chunk') {
      this.stats.chunks += runs.length
      this.stats.reusedChunks += done.objects.filter(({ reused }) => reused).length
    }
    return done.objects
  }

  /** Notes that so many blocks of a disk have been dealt with. */
  tell(disk: string, blocks: number): void {
    this.stats.bytesRead += blocks * blockBytes
    this.#onProgress?.({ disk, ...this.stats })
  }

  /** Equal objects often come close together: one that is being stored already is waited for, not stored and counted twice. */
  async put(name: string, bytes: Uint8Array): Promise<void> {
    const under = this.#putting.get(name)
    if (under !== undefined) return void (await under)
    const stored = this.#store.put(name, bytes).finally(() => this.#putting.delete(name))
    this.#putting.set(name, stored)
    if (await stored) this.#count(bytes.length)
  }

  /** Resolves once all that was sealed survives a power cut, and is known to the next seal. @throws PackageError `seal-cancelled`, `store-unwritable` */
  async settle(): Promise<void> {
    this.#throwIfCancelled()
    await this.#folder?.settle()
    await this.#store.sync()
    await this.#memo?.keep()
  }

  /** Ends the threads and removes what is not in the store yet. */
  async close(): Promise<void> {
    await this.#pool.close()
    await this.#folder?.abandon()
  }

  async #take({ name, key, storedLength, bytes, aside, memoTag }: ObjectToStore): Promise<void> {
    if (bytes !== null) await this.put(name, bytes)
    else if (aside === null) this.#folder?.found(name)
    else if (await this.#folder?.accept({ name, aside, length: storedLength })) this.#count(storedLength)
    if (memoTag !== null) await this.#memo?.learn(memoTag, { name, key, storedLength })
  }

  #count(bytes: number): void {
    this.stats.newObjects += 1
    this.stats.storedBytes += bytes
  }

  #throwIfCancelled(): void {
    if (this.#signal?.aborted) throw new PackageError('seal-cancelled', 'the seal was cancelled', this.#signal.reason)
  }
}
