// SPDX-License-Identifier: Apache-2.0
//
// A copy of a file that nobody writes to meanwhile: sharing its blocks where the file system can, else byte for byte without its holes.
import { constants, copyFile, type FileHandle, open } from 'node:fs/promises'

const step = 1 << 20
const block = 4096
const zeros = Buffer.alloc(block)
/** The file system, or this pair of folders, shares no blocks (ioctl_ficlone(2)). */
const unshared: ReadonlySet<string | undefined> = new Set(['ENOTSUP', 'EOPNOTSUPP', 'EXDEV', 'EINVAL', 'ENOSYS', 'ENOTTY', 'EPERM'])

/** `to` must not exist. Of a copy byte for byte, only what is before `until` is read and kept. It is not durable before `syncFile`. */
export async function copyWhole(from: string, to: string, until = Number.POSITIVE_INFINITY): Promise<void> {
  try {
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && unshared.has(String(error.code)))) throw error
    await copyBytes(from, to, until)
  }
}

export async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

export async function copyBytes(from: string, to: string, until = Number.POSITIVE_INFINITY): Promise<void> {
  const source = await open(from, 'r')
  try {
    const target = await open(to, 'wx', 0o600)
    try {
      const size = Math.min((await source.stat()).size, until)
      const buffer = Buffer.allocUnsafe(step)
      for (let at = 0; at < size; ) {
        const { bytesRead } = await source.read(buffer, 0, Math.min(step, size - at), at)
        if (bytesRead === 0) throw new Error(`\`${from}\` became shorter while it was copied`)
        await writeRuns(target, buffer.subarray(0, bytesRead), at)
        at += bytesRead
      }
      await target.truncate(size)
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
}

async function writeRuns(target: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let from = 0; from < bytes.length; ) {
    let to = from
    while (to < bytes.length && !isZero(bytes.subarray(to, to + block))) to += block
    const end = Math.min(to, bytes.length)
    for (let done = from; done < end; ) done += (await target.write(bytes, done, end - done, position + done)).bytesWritten
    from = Math.max(end, from)
    while (from < bytes.length && isZero(bytes.subarray(from, from + block))) from += block
  }
}

const isZero = (bytes: Buffer): boolean => bytes.equals(bytes.length === block ? zeros : zeros.subarray(0, bytes.length))
