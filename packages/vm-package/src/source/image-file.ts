// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { PackageError } from '../error.ts'
import { sectorBytes } from './whole-sectors.ts'

/** The file of an image, as it was when it was opened, and where in it the image lies. */
export interface ImageFile {
  /** What messages call it. */
  readonly path: string
  readonly file: FileHandle
  /** Bytes of the whole file. */
  readonly fileSize: number
  /** Milliseconds. */
  readonly modified: number
  /** Whether the file has fewer blocks than its size needs. */
  readonly sparse: boolean
  /** Of the image's first byte in the file; not 0 for one within an archive. */
  readonly offset: number
  /** Bytes of the image. */
  readonly length: number
}

/** All of a file, as one image. @param called what messages call it, for those who do not know the path. @throws PackageError `source-unreadable` */
export async function openImageFile(path: string, flags = 0, called: string = path): Promise<ImageFile> {
  const file = await openFile(path, flags, called)
  try {
    const facts = await file.stat()
    if (!facts.isFile()) throw new PackageError('source-unreadable', `\`${called}\`: expected a file`)
    const { size, mtimeMs, blocks } = facts
    return { path: called, file, fileSize: size, modified: mtimeMs, sparse: blocks * sectorBytes < size, offset: 0, length: size }
  } catch (error) {
    await file.close()
    throw error
  }
}

/** The same file under a handle of its own, whatever its name leads to by now. @throws PackageError `source-changed`, `source-unreadable` */
export async function reopen(image: ImageFile): Promise<ImageFile> {
  await checkUnchanged(image)
  return { ...image, file: await openFile(`/proc/self/fd/${image.file.fd}`, 0, image.path) }
}

/** Fills `into` from `offset` of the image on; both lie within it. @throws PackageError `source-changed`, `source-unreadable` */
export async function readImage(image: ImageFile, offset: number, into: Buffer): Promise<void> {
  for (let at = 0; at < into.length; ) {
    const bytesRead = await readSome(image, offset + at, into.subarray(at))
    if (bytesRead === 0) throw changed(image.path)
    at += bytesRead
  }
}

/** @throws PackageError `source-changed` */
export async function checkUnchanged({ path, file, fileSize, modified }: ImageFile): Promise<void> {
  const { size, mtimeMs } = await file.stat()
  if (size !== fileSize || mtimeMs !== modified) throw changed(path)
}

function changed(path: string): PackageError {
  return new PackageError('source-changed', `the disk image \`${path}\` changed while it was sealed`)
}

async function openFile(path: string, flags: number, called: string): Promise<FileHandle> {
  try {
    // Without O_NONBLOCK a named pipe would wait for a writer for ever.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK | flags)
  } catch (cause) {
    throw new PackageError('source-unreadable', `the disk image \`${called}\` cannot be opened`, cause)
  }
}

async function readSome({ path, file, offset }: ImageFile, at: number, into: Buffer): Promise<number> {
  try {
    return (await file.read(into, 0, into.length, offset + at)).bytesRead
  } catch (cause) {
    throw new PackageError('source-unreadable', `the disk image \`${path}\` cannot be read at byte ${at}`, cause)
  }
}
