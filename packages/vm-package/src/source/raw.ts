// SPDX-License-Identifier: Apache-2.0
//
// A raw disk image: a file of whole sectors.
import { blockBytes } from '../chunk/cut.ts'
import { PackageError } from '../error.ts'
import type { DiskSource, SourceExtent } from './disk-source.ts'
import { findHoles } from './holes.ts'
import { changed, checkUnchanged, type ImageFile } from './image-file.ts'
import { checkDiskSize } from './whole-sectors.ts'
import { ZeroRanges } from './zero-ranges.ts'

/** @throws PackageError `disk-invalid`, `disk-too-large` */
export async function openRawSource(image: ImageFile): Promise<DiskSource> {
  checkDiskSize(image.path, image.fileSize)
  return new RawSource(image, image.sparse ? await findHoles(image.file.fd) : new ZeroRanges())
}

class RawSource implements DiskSource {
  readonly path: string
  readonly size: number
  readonly head: Buffer
  readonly anyOrder = true
  readonly #image: ImageFile
  readonly #holes: ZeroRanges

  constructor(image: ImageFile, holes: ZeroRanges) {
    this.path = image.path
    this.size = Math.ceil(image.fileSize / blockBytes) * blockBytes
    this.head = image.head
    this.#image = image
    this.#holes = holes
  }

  async read(offset: number, into: Buffer): Promise<void> {
    const wanted = Math.min(into.length, this.#image.fileSize - offset)
    for (let at = 0; at < wanted; ) {
      const bytesRead = await this.#readAt(into, at, wanted - at, offset + at)
      if (bytesRead === 0) throw changed(this.path)
      at += bytesRead
    }
    into.fill(0, wanted)
  }

  async extent(offset: number, length: number): Promise<SourceExtent> {
    return this.#holes.at(offset, length)
  }

  async checkUnchanged(): Promise<void> {
    await checkUnchanged(this.#image)
  }

  async close(): Promise<void> {
    await this.#image.file.close()
  }

  async #readAt(bytes: Buffer, at: number, length: number, position: number): Promise<number> {
    try {
      return (await this.#image.file.read(bytes, at, length, position)).bytesRead
    } catch (cause) {
      throw new PackageError('source-unreadable', `the disk image \`${this.path}\` cannot be read at byte ${position}`, cause)
    }
  }
}
