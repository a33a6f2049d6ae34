// SPDX-License-Identifier: Apache-2.0
import type { FileHandle } from 'node:fs/promises'
import { PackageError } from '../error.ts'

/** The file of an image, as it was when it was opened. */
export interface ImageFile {
  /** Where it is, or what messages call it instead. */
  readonly path: string
  readonly file: FileHandle
  /** The first 65,536 bytes, or all. */
  readonly head: Buffer
  /** Bytes. */
  readonly fileSize: number
  /** Milliseconds. */
  readonly modified: number
  /** Whether the file has fewer blocks than its size needs. */
  readonly sparse: boolean
}

/** @throws PackageError `source-changed` */
export async function checkUnchanged({ path, file, fileSize, modified }: ImageFile): Promise<void> {
  const { size, mtimeMs } = await file.stat()
  if (size !== fileSize || mtimeMs !== modified) throw changed(path)
}

export function changed(path: string): PackageError {
  return new PackageError('source-changed', `the disk image \`${path}\` changed while it was sealed`)
}
