// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { StateFile } from '../virtual-machine.ts'
import { deriveStateKeys, encodeHeader, saltLength } from './format.ts'
import { sealSegments } from './segments.ts'

/**
 * Writes everything `source` yields to `file.path`, sealed. The file is there whole and durable when this resolves; if `source` throws or a write
 * fails, that error is thrown on, nothing new stays behind and a former file at `file.path` is as it was.
 */
export async function sealState(file: StateFile, source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
  const salt = randomBytes(saltLength)
  const keys = deriveStateKeys(file.key, salt)
  const temporary = `${file.path}.${randomBytes(8).toString('hex')}.tmp`
  const handle = await open(temporary, 'wx', 0o600)
  try {
    try {
      await writeAll(handle, encodeHeader(keys, salt, file.binding))
      for await (const segment of sealSegments(keys.segments, source)) await writeAll(handle, segment)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, file.path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncFolder(dirname(file.path))
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.length; ) offset += (await handle.write(bytes, offset)).bytesWritten
}

/** A rename is durable only once its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
