// SPDX-License-Identifier: Apache-2.0
import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ObjectStore } from '@casemate/vm-package/object-store'
import { pack } from 'tar-stream'
import { makeAside } from '../make-aside.ts'
import { type Handover, readObject } from './gather.ts'
import { writeParts } from './write-parts.ts'

interface WriteOptions {
  readonly store: ObjectStore
  /** Null: one file. Otherwise `out` is a folder with parts of this many bytes, for media that hold no larger file or only a part of it. */
  readonly partBytes: number | null
  /** @param bytes of objects, so far. */
  readonly onProgress?: (bytes: number) => void
  readonly signal?: AbortSignal
}

/**
 * As a tar at `out`, or its parts in there, whole or not at all: `handover.json` first, then metadata and targets, then objects, each read against its name.
 * @throws PackageError `object-missing`, `object-altered`; ConsoleError `input-invalid` for too many parts; the error of the system; the reason
 * of `signal`.
 */
export async function writeHandover(out: string, handover: Handover, options: WriteOptions): Promise<void> {
  const { signal, partBytes } = options
  const stop = signal === undefined ? {} : { signal }
  await makeAside(out, async (aside) => {
    const entries = entriesOf(handover, options)
    if (partBytes === null) await pipeline(entries, createWriteStream(aside, { flags: 'wx', mode: 0o600, flush: true }), stop)
    else await pipeline(Readable.from(entries), (source) => writeParts(aside, source, partBytes), stop)
  })
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
