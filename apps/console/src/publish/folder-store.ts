// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto'
import { open, readdir, readFile, rename, rm, statfs } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { makeFolder, syncFolder } from '../sync-folder.ts'
import { PublishError } from './error.ts'
import { underLock } from './lock.ts'
import type { RepositoryStore } from './store.ts'

/**
 * A repository in a folder on this computer, not on a network share nor shared between containers (see lock.ts).
 * @param place made when the first file is written.
 */
export function folderStore(place: string): RepositoryStore {
  const folder = resolve(place)
  return {
    read: async (name) => {
      const bytes = await whereThere(readFile(join(folder, name)), undefined)
      return bytes === undefined ? undefined : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    },
    write: (name, bytes) => namingFull(folder, () => writeWhole(join(folder, name), bytes)),
    remove: (name) => rm(join(folder, name), { force: true }),
    list: async (parent) => {
      const entries = await whereThere(readdir(join(folder, parent), { withFileTypes: true }), [])
      return entries.filter((entry) => entry.isFile() && !entry.name.endsWith('.part')).map((entry) => `${parent}/${entry.name}`)
    },
    exclusively: (act) => namingFull(folder, () => underLock(join(folder, 'lock'), act)),
    requireRoom: async () => {
      const { bavail, bsize } = await statfs(folder)
      if (bavail * bsize < spareBytes) throw fullDisk(folder, `${bavail * bsize} of the ${spareBytes} bytes that must be free`)
    },
  }
}

/** Of metadata, targets and the records that go with them, far more than one act writes. */
const spareBytes = 8 * 1024 * 1024

const fullDisk = (folder: string, found: string, cause?: unknown): PublishError =>
  new PublishError('storage-full', `the disk of \`${folder}\` is full: make room and try again (found ${found})`, cause)

/** @throws PublishError `storage-full` for what the system says of a disk, or of a user's share of it, without room. */
async function namingFull<T>(folder: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT'))
      throw fullDisk(folder, error.message, error)
    throw error
  }
}

async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  await makeFolder(dirname(path))
  const part = `${path}.${randomUUID()}.part`
  try {
    const file = await open(part, 'wx', 0o644)
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(part, path)
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
  await syncFolder(dirname(path))
}

async function whereThere<T, F>(found: Promise<T>, otherwise: F): Promise<T | F> {
  try {
    return await found
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return otherwise
    throw error
  }
}
