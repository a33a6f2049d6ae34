// SPDX-License-Identifier: Apache-2.0
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { ConsoleError } from '../error.ts'
import { syncFolder } from '../sync-folder.ts'

/** Their numbers have four digits. */
const mostParts = 9999

const named = (part: number): string => String(part).padStart(4, '0')

/**
 * Cuts a stream into files of `partBytes` each, the last one shorter, in a new folder. Their names say how many there are
 * (`part-0002-of-0003`), so that one that is missing is known by its name.
 * @throws ConsoleError `input-invalid` when there would be more than `most` of them; the error of the system
 */
export async function writeParts(folder: string, source: AsyncIterable<Uint8Array>, partBytes: number, most = mostParts): Promise<void> {
  await mkdir(folder, { mode: 0o700 })
  let parts = 0
  let file: FileHandle | null = null
  let room = 0
  const finish = async () => {
    await file?.sync()
    await file?.close()
    file = null
  }
  try {
    for await (const bytes of source) {
      for (let at = 0; at < bytes.byteLength; ) {
        if (file === null || room === 0) {
          await finish()
          if (parts === most) throw new ConsoleError('input-invalid', `expected at most ${most} parts: make them larger than ${partBytes} bytes`)
          parts += 1
          file = await open(join(folder, named(parts)), 'wx', 0o600)
          room = partBytes
        }
        const { bytesWritten } = await file.write(bytes, at, Math.min(room, bytes.byteLength - at))
        at += bytesWritten
        room -= bytesWritten
      }
    }
  } finally {
    await finish()
  }
  for (let part = 1; part <= parts; part += 1) await rename(join(folder, named(part)), join(folder, `part-${named(part)}-of-${named(parts)}`))
  await syncFolder(folder)
}
