// SPDX-License-Identifier: Apache-2.0
import { PackageError } from '../error.ts'
import type { DiskSource } from './disk-source.ts'
import { type ImageFile, openImageFile, readImage, reopen } from './image-file.ts'
import { headBytes, recogniseImage } from './image-format.ts'
import { openQemuSource } from './qemu.ts'
import { openRawSource } from './raw.ts'
import { openStreamSource } from './stream.ts'
import { sectorBytes } from './whole-sectors.ts'

/**
 * Opens a disk image of any kind that can be sealed. A compressed one is read through once, to know its size.
 * @param from path of the image, or an image that is open already and stays so. @param called what messages call a path, for those who
 * do not know it.
 * @throws PackageError `source-unreadable`, `disk-empty`, `disk-invalid` (not of whole sectors), `disk-too-large`, `image-damaged`,
 * `image-refers-elsewhere`, `image-unsupported`, `tool-missing`.
 */
export async function openDiskSource(from: string | ImageFile, called?: string): Promise<DiskSource> {
  const image = typeof from === 'string' ? await openImageFile(from, 0, called) : await reopen(from)
  try {
    const { path, length } = image
    if (length === 0) throw new PackageError('disk-empty', `\`${path}\`: expected a disk image, found an empty file`)
    const head = await readPart(image, 0, headBytes)
    const format = recogniseImage(path, head, await readPart(image, Math.max(0, length - sectorBytes), sectorBytes))
    switch (format) {
      case 'raw':
        return await openRawSource(image, head)
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
    await image.file.close()
    throw error
  }
}

async function readPart(image: ImageFile, offset: number, most: number): Promise<Buffer> {
  const bytes = Buffer.alloc(Math.min(most, image.length - offset))
  await readImage(image, offset, bytes)
  return bytes
}
