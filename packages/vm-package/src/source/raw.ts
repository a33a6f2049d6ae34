// SPDX-License-Identifier: Apache-2.0
//
// A raw disk image: a file of whole sectors.
import { blockBytes } from '../chunk/cut.ts'
import type { DiskSource, SourceExtent } from './disk-source.ts'
import { findHoles } from './holes.ts'
import { checkUnchanged, type ImageFile, readImage } from './image-file.ts'
import { checkDiskSize } from './whole-sectors.ts'
import { ZeroRanges } from './zero-ranges.ts'

/** @throws PackageError `disk-invalid`, `disk-too-large` */
export async function openRawSource(image: ImageFile, head: Buffer): Promise<DiskSource> {
  checkDiskSize(image.path, image.length)
  return new RawSource(image, head, image.sparse ? await findHoles(image) : new ZeroRanges())
}

class RawSource implements DiskSource {
  readonly path: string
  readonly size: number
  readonly head: Buffer
  readonly anyOrder = true
  readonly #image: ImageFile
  readonly #holes: ZeroRanges

  constructor(image: ImageFile, head: Buffer, holes: ZeroRanges) {
    this.path = image.path
    this.head = head
    this.size = Math.ceil(image.length / blockBytes) * blockBytes
    this.#image = image
    this.#holes = holes
  }

  async read(offset: number, into: Buffer): Promise<void> {
    const wanted = Math.min(into.length, this.#image.length - offset)
    await readImage(this.#image, offset, into.subarray(0, wanted))
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
}
