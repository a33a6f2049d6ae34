// SPDX-License-Identifier: Apache-2.0
//
// Small files of the command line: read with a limit, written whole or not at all, never over another one.
import { access, constants, mkdir, open, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { makeAside } from '../src/make-aside.ts'
import { AdminError } from './error.ts'

/** @throws AdminError `file-unreadable` */
export async function readSmallFile(path: string, maxBytes: number): Promise<Buffer> {
  try {
    const file = await open(path, 'r')
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(maxBytes + 1), 0, maxBytes + 1, null)
      if (bytesRead > maxBytes) throw new AdminError('refused', 'file-unreadable', `\`${path}\`: expected at most ${maxBytes} bytes`)
      return buffer.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  } catch (cause) {
    if (cause instanceof AdminError) throw cause
    throw new AdminError('environment', 'file-unreadable', `\`${path}\` cannot be read: ${textOf(cause)}`, cause)
  }
}

/** @throws AdminError `exists` */
export async function refuseExisting(path: string): Promise<void> {
  const found = await access(path).then(
    () => true,
    () => false,
  )
  if (found) throw new AdminError('refused', 'exists', `\`${path}\` is there already; nothing is written over it`)
}

/**
 * For what writes files at the end of long work: whether the folder, or the one in which it would be made, can be written. Nothing is made.
 * @throws AdminError `file-unwritable`
 */
export async function requireWritable(folder: string): Promise<void> {
  const refuse = (why: string, cause?: unknown) => new AdminError('environment', 'file-unwritable', `\`${folder}\` cannot be written: ${why}`, cause)
  for (let place = resolve(folder); ; place = dirname(place)) {
    try {
      await access(place, constants.W_OK)
      if ((await stat(place)).isDirectory()) return
      throw refuse(`\`${place}\` is no folder`)
    } catch (cause) {
      if (cause instanceof AdminError) throw cause
      const absent = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
      if (!absent || place === dirname(place)) throw refuse(textOf(cause), cause)
    }
  }
}

/**
 * Only its owner may read it. Its folder is made if need be.
 * @throws AdminError `exists`, `file-unwritable`
 */
export async function writeNewFile(path: string, bytes: Uint8Array): Promise<void> {
  await refuseExisting(path)
  try {
    await mkdir(dirname(path), { recursive: true })
    await makeAside(path, (aside) => writeDurably(aside, bytes))
  } catch (cause) {
    throw new AdminError('environment', 'file-unwritable', `\`${path}\` cannot be written: ${textOf(cause)}`, cause)
  }
}

/**
 * Another content for a file, once `first` has succeeded: where it throws, the file is as it was.
 * @throws AdminError `file-unwritable`, and what `first` throws.
 */
export async function replaceFile(path: string, bytes: Uint8Array, first: () => Promise<void>): Promise<void> {
  await requireWritable(dirname(path))
  await makeAside(path, async (aside) => {
    await writeDurably(aside, bytes)
    await first()
  })
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
