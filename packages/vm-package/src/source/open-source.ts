// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { PackageError } from '../error.ts'
import type { DiskSource } from './disk-source.ts'
import { headBytes, recogniseImage } from './image-format.ts'
import { openQemuSource } from './qemu.ts'
import { openRawSource } from './raw.ts'
import { openStreamSource } from './stream.ts'
import { sectorBytes } from './whole-sectors.ts'

/**
 * Opens a disk image of any kind that can be sealed. A compressed one is read through once, to know its size.
 * @param called what messages call it, for those who do not know the path.
 * @throws PackageError `source-unreadable`, `disk-empty`, `disk-invalid` (not of whole sectors), `disk-too-large`, `image-damaged`,
 * `image-refers-elsewhere`, `image-unsupported`, `tool-missing`.
 */
export async function openDiskSource(path: string, called: string = path): Promise<DiskSource> {
  const file = await openFile(path, called)
  try {
    const facts = await file.stat()
    if (!facts.isFile()) throw new PackageError('source-unreadable', `\`${called}\`: expected a file`)
    if (facts.size === 0) throw new PackageError('disk-empty', `\`${called}\`: expected a disk image, found an empty file`)
    const head = await readPart(file, 0, headBytes)
    const image = { path: called, file, head, fileSize: facts.size, modified: facts.mtimeMs, sparse: facts.blocks * sectorBytes < facts.size }
    const format = recogniseImage(called, head, await readPart(file, Math.max(0, facts.size - sectorBytes), sectorBytes))
    switch (format) {
      case 'raw':
        return await openRawSource(image)
      case 'gzip':
      case 'xz':
      case 'zstd':
        return await openStreamSource(image, format)
      case 'qcow2':
      case 'vmdk':
      case 'vdi':
      case 'vpc':
      case 'vhdx':
        return await openQemuSource(image, format)
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function openFile(path: string, called: string): Promise<FileHandle> {
  try {
    // Without O_NONBLOCK a named pipe would wait for a writer for ever.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (cause) {
    throw new PackageError('source-unreadable', `the disk image \`${called}\` cannot be opened`, cause)
  }
}

async function readPart(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, offset)
  return buffer.subarray(0, bytesRead)
}
