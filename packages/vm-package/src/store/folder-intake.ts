// SPDX-License-Identifier: Apache-2.0
//
// Many objects into a folder store at once (docs/adr/0008-objects-become-durable-in-batches.md). Worker threads write them aside
// without fsync; whole batches are made durable, then renamed. So a name in the store never stands for bytes that a power cut can take
// back, and a process that dies leaves files in `.partial` only.
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { closeSync, mkdirSync, openSync, renameSync, rmSync, statSync, utimesSync, writeSync } from 'node:fs'
import { open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { forEachConcurrent } from '../concurrent.ts'
import { PackageError } from '../error.ts'

export const partial = '.partial'
/** How far `putAt` may lag behind a put of what is there already. */
export const refreshMs = 3_600_000
const run = promisify(execFile)
/** What is renamed together: large, since each batch costs one flush of the disk, and little beside what a killed seal repeats. */
const batchBytes = 67_108_864
const concurrentSyncs = 8
/** From so many files on, one flush of the file system costs less than one of each file. */
const manyFiles = 64
/** Names that were new of late: two threads may write one object at the same time. */
const rememberedNames = 65_536

/** Where worker threads write. */
export interface IntakePlace {
  readonly folder: string
  /** With it begin the names of all files aside of one seal. */
  readonly id: string
}

/**
 * For worker threads, which it blocks. Not durable, and not in the store yet.
 * @returns the name of the file aside; null when the store has the object, whole.
 * @throws PackageError `store-unwritable`
 */
export function writeAside({ folder, id }: IntakePlace, name: string, bytes: Uint8Array): string | null {
  if (isStored(folder, name, bytes.length)) return null
  const aside = `${id}.${randomUUID()}`
  const path = join(folder, partial, aside)
  try {
    const file = openSync(path, 'wx', 0o600)
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
    } finally {
      closeSync(file)
    }
    return aside
  } catch (cause) {
    rmSync(path, { force: true })
    throw unwritable(folder, cause)
  }
}

/** For worker threads, likewise. Whether the store has such an object, whole; it counts as put now (`StoredObject.putAt`). */
export function isStored(folder: string, name: string, length: number): boolean {
  const found = statSync(pathIn(folder, name), { throwIfNoEntry: false })
  if (found?.size !== length) return false
  const now = Date.now()
  if (Math.abs(now - found.mtimeMs) >= refreshMs) utimesSync(pathIn(folder, name), now / 1000, now / 1000)
  return true
}

interface Aside {
  readonly name: string
  readonly aside: string
  /** Bytes. */
  readonly length: number
}

/** Takes what was written aside into the store. One for each seal. */
export class FolderIntake implements IntakePlace {
  readonly folder: string
  readonly id = randomUUID()
  /** Subfolders in which a name may not be durable. */
  readonly #shards = new Set<string>()
  readonly #recent = new Set<string>()
  #waiting: Aside[] = []
  #waitingBytes = 0
  #settling: Promise<void> = Promise.resolve()

  /** @throws PackageError `store-unwritable` */
  constructor(folder: string) {
    this.folder = folder
    try {
      mkdirSync(join(folder, partial), { recursive: true, mode: 0o700 })
    } catch (cause) {
      throw unwritable(folder, cause)
    }
  }

  /** Notes an object that is there already: another seal may have renamed it, its name not durable yet. */
  found(name: string): void {
    this.#shards.add(name.slice(0, 2))
  }

  /**
   * Resolves when the next object may come: before that, a batch before it may have to become durable.
   * @returns whether it was new.
   * @throws PackageError `store-unwritable`
   */
  async accept(object: Aside): Promise<boolean> {
    this.found(object.name)
    if (this.#recent.has(object.name)) {
      rmSync(join(this.folder, partial, object.aside), { force: true })
      return false
    }
    this.#remember(object.name)
    this.#waiting.push(object)
    this.#waitingBytes += object.length
    if (this.#waitingBytes >= batchBytes) await this.#beginToSettle()
    return true
  }

  /** Resolves once every object that was accepted, and every one that was there, survives a power cut. @throws PackageError `store-unwritable` */
  async settle(): Promise<void> {
    await this.#beginToSettle()
    await this.#settling
    if (this.#shards.size === 0) return
    await syncAll(this.folder, [...[...this.#shards].map((shard) => join(this.folder, shard)), this.folder])
  }

  /** Removes what is aside, for a seal that failed. Nobody may be writing. */
  async abandon(): Promise<void> {
    await this.#settling.catch(() => undefined)
    this.#waiting = []
    const left = (await readdir(join(this.folder, partial))).filter((name) => name.startsWith(this.id))
    for (const name of left) await rm(join(this.folder, partial, name), { force: true })
  }

  /** Waits for the batch before only, so that threads go on while one becomes durable. */
  async #beginToSettle(): Promise<void> {
    await this.#settling
    const batch = this.#waiting
    this.#waiting = []
    this.#waitingBytes = 0
    this.#settling = this.#place(batch)
    this.#settling.catch(() => undefined)
  }

  async #place(batch: readonly Aside[]): Promise<void> {
    if (batch.length === 0) return
    try {
      await syncAll(
        this.folder,
        batch.map(({ aside }) => join(this.folder, partial, aside)),
      )
      for (const shard of new Set(batch.map(({ name }) => name.slice(0, 2)))) mkdirSync(join(this.folder, shard), { recursive: true, mode: 0o700 })
      for (const { name, aside } of batch) renameSync(join(this.folder, partial, aside), pathIn(this.folder, name))
    } catch (cause) {
      throw unwritable(this.folder, cause)
    }
  }

  #remember(name: string): void {
    this.#recent.add(name)
    for (const oldest of this.#recent) {
      if (this.#recent.size <= rememberedNames) break
      this.#recent.delete(oldest)
    }
  }
}

/** Where the store in `folder` keeps an object with this name. */
export const pathIn = (folder: string, name: string): string => join(folder, name.slice(0, 2), name)

function unwritable(folder: string, cause: unknown): PackageError {
  return new PackageError('store-unwritable', `objects cannot be written to \`${folder}\``, cause)
}

async function syncAll(folder: string, paths: readonly string[]): Promise<void> {
  if (paths.length >= manyFiles && (await syncFileSystem(folder))) return
  await forEachConcurrent(paths, concurrentSyncs, async (path) => {
    const handle = await open(path, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  })
}

/** syncfs(2) by coreutils: one flush for all files. False where there is no such program: then each file is to be synced. */
async function syncFileSystem(folder: string): Promise<boolean> {
  if (process.platform !== 'linux') return false
  return await run('sync', ['-f', folder]).then(
    () => true,
    () => false,
  )
}
