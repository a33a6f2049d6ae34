// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { ObjectStore } from '@casemate/vm-package/object-store'
import { pack } from 'tar-stream'
import { syncFolder } from '../sync-folder.ts'
import { type Handover, readObject } from './gather.ts'

interface WriteOptions {
  readonly store: ObjectStore
  /** @param bytes of objects, so far. */
  readonly onProgress?: (bytes: number) => void
  readonly signal?: AbortSignal
}

/**
 * As a tar at `out`, whole or not at all: `handover.json` first, then metadata and targets, then objects, each read against its name.
 * @throws PackageError `object-missing`, `object-altered`; the error of the system; the reason of `signal`.
 */
export async function writeHandover(out: string, handover: Handover, options: WriteOptions): Promise<void> {
  const aside = join(dirname(out), `.${randomUUID()}`)
  const { signal } = options
  try {
    const file = createWriteStream(aside, { flags: 'wx', mode: 0o600, flush: true })
    await pipeline(entriesOf(handover, options), file, signal === undefined ? {} : { signal })
    await rename(aside, out)
  } catch (error) {
    await rm(aside, { force: true })
    throw error
  }
  await syncFolder(dirname(out))
}

function entriesOf({ files, objects }: Handover, { store, onProgress }: WriteOptions) {
  const tar = pack()
  const add = (name: string, bytes: Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => {
      const header = { name, size: bytes.byteLength, mode: 0o644, mtime: new Date(0) }
      tar.entry(header, Buffer.from(bytes), (error) => (error == null ? resolve() : reject(error)))
    })
  const write = async () => {
    for (const { name, bytes } of files) await add(name, bytes)
    let done = 0
    for (const name of objects) {
      const bytes = await readObject(store, name)
      await add(`objects/${name}`, bytes)
      done += bytes.byteLength
      onProgress?.(done)
    }
    tar.finalize()
  }
  write().catch((error: unknown) => tar.destroy(error instanceof Error ? error : new Error(String(error))))
  return tar
}
