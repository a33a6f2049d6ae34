// SPDX-License-Identifier: Apache-2.0
//
// Objects as files: `<folder>/<first two hex digits>/<name>`. A file appears whole or not at all (written aside, fsync, rename);
// what is written aside lies in `<folder>/.partial` and is never listed. Claims are empty files in `<folder>/.claims`;
// `<folder>/.memo` is of seals (seal/memo.ts), and may go at any time.
import { createHash, randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, statfs, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { PackageError } from '../error.ts'
import { FolderIntake, partial, refreshMs } from './folder-intake.ts'
import { type ByteRange, checkObjectName, type Leftover, type ObjectStore, type StoredObject } from './object-store.ts'

const claims = '.claims'
const absent = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT'

/**
 * Opens the store in `folder`. Reading it writes nothing.
 * @param options.create false: a folder that is not there is an error (`store-missing`); else it is made.
 * @param options.durable false leaves out every fsync: for a cache, whose objects can be had again.
 * @throws PackageError `store-missing`, `store-unwritable`
 */
export async function openFolderStore(folder: string, options: { readonly create?: boolean; readonly durable?: boolean } = {}): Promise<ObjectStore> {
  const { create = true, durable = true } = options
  try {
    if (create) await mkdir(folder, { recursive: true, mode: 0o700 })
    await readdir(folder)
  } catch (cause) {
    if (!create) throw new PackageError('store-missing', `there is no object store \`${folder}\``, cause)
    throw new PackageError('store-unwritable', `the object store \`${folder}\` cannot be made`, cause)
  }
  return new FolderStore(folder, durable)
}

class FolderStore implements ObjectStore {
  readonly #folder: string
  readonly #durable: boolean
  /** Subfolders that are there. */
  readonly #made = new Set<string>()
  readonly #unsynced = new Set<string>()

  constructor(folder: string, durable: boolean) {
    this.#folder = folder
    this.#durable = durable
  }

  async get(name: string, maxBytes: number): Promise<Buffer | null> {
    const file = await this.#open(name)
    if (file === null) return null
    try {
      const { size } = await file.stat()
      if (size > maxBytes) throw new PackageError('object-too-long', `object \`${name}\`: expected at most ${maxBytes} bytes, found ${size}`)
      return await readRange(file, { start: 0, end: size })
    } finally {
      await file.close()
    }
  }

  async getRange(name: string, range: ByteRange): Promise<Buffer | null> {
    const file = await this.#open(name)
    if (file === null) return null
    try {
      const { size } = await file.stat()
      return await readRange(file, { start: range.start, end: Math.min(range.end, size) })
    } finally {
      await file.close()
    }
  }

  async size(name: string): Promise<number | null> {
    return (await this.#find(name))?.size ?? null
  }

  async has(name: string): Promise<boolean> {
    return (await this.#find(name)) !== null
  }

  async put(name: string, bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<boolean> {
    const path = this.#path(name)
    const aside = join(this.#folder, partial, randomUUID())
    try {
      if (bytes instanceof Uint8Array && (await this.#refresh(name, bytes.length))) return false
      await this.#make(partial)
      await this.#writeAside(aside, name, bytes instanceof Uint8Array ? [bytes] : bytes)
      const isNew = !(await this.has(name))
      await this.#make(name.slice(0, 2))
      await rename(aside, path)
      if (this.#durable) this.#unsynced.add(name.slice(0, 2))
      return isNew
    } catch (cause) {
      await rm(aside, { force: true })
      if (cause instanceof PackageError) throw cause
      throw new PackageError('store-unwritable', `object \`${name}\` cannot be written to \`${this.#folder}\``, cause, { object: name })
    }
  }

  async sync(): Promise<void> {
    const shards = [...this.#unsynced]
    this.#unsynced.clear()
    await Promise.all(shards.map((shard) => syncFolder(join(this.#folder, shard))))
    if (shards.length > 0) await syncFolder(this.#folder)
  }

  async room(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#folder)
    return bavail * bsize
  }

  intake(): FolderIntake | null {
    return this.#durable ? new FolderIntake(this.#folder) : null
  }

  async *list(): AsyncIterable<StoredObject> {
    for (const shard of await readdir(this.#folder)) {
      if (!/^[0-9a-f]{2}$/.test(shard)) continue
      for (const name of await readdir(join(this.#folder, shard))) {
        if (!/^[0-9a-f]{64}$/.test(name) || !name.startsWith(shard)) continue
        const found = await this.#find(name)
        if (found !== null) yield { name, size: found.size, putAt: found.mtimeMs }
      }
    }
  }

  async delete(name: string): Promise<boolean> {
    try {
      await rm(this.#path(name))
      return true
    } catch (error) {
      if (absent(error)) return false
      throw error
    }
  }

  async *leftovers(): AsyncIterable<Leftover> {
    for (const id of await whereThere(readdir(join(this.#folder, partial)), [])) {
      const found = await whereThere(stat(join(this.#folder, partial, id)), null)
      if (found !== null) yield { id, size: found.size, writtenAt: found.mtimeMs }
    }
  }

  async deleteLeftover(id: string): Promise<void> {
    await rm(join(this.#folder, partial, checkPlainName(id)), { force: true })
  }

  async claims(): Promise<readonly string[]> {
    return await whereThere(readdir(join(this.#folder, claims)), [])
  }

  async addClaim(name: string): Promise<void> {
    try {
      await this.#make(claims)
      await (await open(join(this.#folder, claims, checkPlainName(name)), 'w', 0o600)).close()
    } catch (cause) {
      if (cause instanceof PackageError) throw cause
      throw new PackageError('store-unwritable', `the claim \`${name}\` cannot be written to \`${this.#folder}\``, cause)
    }
  }

  async deleteClaim(name: string): Promise<void> {
    await rm(join(this.#folder, claims, checkPlainName(name)), { force: true })
  }

  #path(name: string): string {
    return objectPath(this.#folder, name)
  }

  async #open(name: string): Promise<FileHandle | null> {
    return await whereThere(open(this.#path(name), 'r'), null)
  }

  async #find(name: string): Promise<{ readonly size: number; readonly mtimeMs: number } | null> {
    return await whereThere(stat(this.#path(name)), null)
  }

  /** Makes an object of that size young. @returns whether there is one. */
  async #refresh(name: string, size: number): Promise<boolean> {
    const found = await this.#find(name)
    if (found?.size !== size) return false
    const now = Date.now()
    if (Math.abs(now - found.mtimeMs) < refreshMs) return true
    return await whereThere(
      utimes(this.#path(name), now / 1000, now / 1000).then(() => true),
      false,
    )
  }

  async #writeAside(aside: string, name: string, bytes: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
    const sha256 = createHash('sha256')
    const file = await open(aside, 'wx', 0o600)
    try {
      for await (const part of bytes) {
        sha256.update(part)
        await file.writeFile(part)
      }
      const found = sha256.digest('hex')
      if (found !== name)
        throw new PackageError('object-altered', `expected bytes with the SHA-256 \`${name}\`, found \`${found}\``, undefined, { object: name })
      if (this.#durable) await file.sync()
    } finally {
      await file.close()
    }
  }

  async #make(subfolder: string): Promise<void> {
    if (this.#made.has(subfolder)) return
    await mkdir(join(this.#folder, subfolder), { recursive: true, mode: 0o700 })
    this.#made.add(subfolder)
  }
}

async function readRange(file: FileHandle, { start, end }: ByteRange): Promise<Buffer> {
  const length = Math.max(0, end - start)
  if (length === 0) return Buffer.alloc(0)
  const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(length), 0, length, start)
  return buffer.subarray(0, bytesRead)
}

async function whereThere<T, F>(found: Promise<T>, otherwise: F): Promise<T | F> {
  try {
    return await found
  } catch (error) {
    if (absent(error)) return otherwise
    throw error
  }
}

/** A name of ours beside the objects never becomes a path of its own choice. @throws PackageError `object-name-invalid` */
function checkPlainName(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,200}$/.test(name)) return name
  throw new PackageError('object-name-invalid', `expected letters, digits, dots and dashes, found \`${name.slice(0, 80)}\``)
}

/** Where the store in `folder` keeps an object. @throws PackageError `object-name-invalid` */
export function objectPath(folder: string, name: string): string {
  checkObjectName(name)
  return join(folder, name.slice(0, 2), name)
}

/** Makes the names in a folder durable, as fsync of its files does not (fsync(2)). */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
