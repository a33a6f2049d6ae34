// SPDX-License-Identifier: Apache-2.0
//
// A raw disk image: a file of whole sectors.
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { blockBytes } from '../chunk/cut.ts'
import { PackageError } from '../error.ts'
import { maxDiskBytes } from '../manifest.ts'
import type { DiskSource, SourceExtent } from './disk-source.ts'
import { findHoles } from './holes.ts'
import { ZeroRanges } from './zero-ranges.ts'

const sectorBytes = 512

/** @throws PackageError `source-unreadable`, `disk-empty`, `disk-invalid` (not of whole sectors), `disk-too-large`. */
export async function openRawSource(path: string): Promise<DiskSource> {
  const file = await openFile(path)
  try {
    const facts = await file.stat()
    if (!facts.isFile()) throw new PackageError('source-unreadable', `\`${path}\`: expected a file`)
    if (facts.size === 0) throw new PackageError('disk-empty', `\`${path}\`: expected a disk image, found an empty file`)
    if (facts.size % sectorBytes !== 0) {
      throw new PackageError('disk-invalid', `\`${path}\`: expected a raw disk image of whole ${sectorBytes}-byte sectors, found ${facts.size} bytes`)
    }
    if (facts.size > maxDiskBytes)
      throw new PackageError('disk-too-large', `\`${path}\`: expected at most ${maxDiskBytes} bytes, found ${facts.size}`)
    const sparse = facts.blocks * sectorBytes < facts.size
    return new RawSource(path, file, { fileSize: facts.size, modified: facts.mtimeMs }, sparse ? await findHoles(file.fd) : new ZeroRanges())
  } catch (error) {
    await file.close()
    throw error
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    // Without O_NONBLOCK a named pipe would wait for a writer for ever.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (cause) {
    throw new PackageError('source-unreadable', `the disk image \`${path}\` cannot be opened`, cause)
  }
}

class RawSource implements DiskSource {
  readonly path: string
  readonly size: number
  readonly #file: FileHandle
  readonly #fileSize: number
  readonly #modified: number
  readonly #holes: ZeroRanges

  constructor(path: string, file: FileHandle, { fileSize, modified }: { readonly fileSize: number; readonly modified: number }, holes: ZeroRanges) {
    this.path = path
    this.size = Math.ceil(fileSize / blockBytes) * blockBytes
    this.#file = file
    this.#fileSize = fileSize
    this.#modified = modified
    this.#holes = holes
  }

  async read(offset: number, into: Buffer): Promise<void> {
    const wanted = Math.min(into.length, this.#fileSize - offset)
    for (let at = 0; at < wanted; ) {
      const bytesRead = await this.#readAt(into, at, wanted - at, offset + at)
      if (bytesRead === 0) throw this.#changed()
      at += bytesRead
    }
    into.fill(0, wanted)
  }

  async extent(offset: number, length: number): Promise<SourceExtent> {
    return this.#holes.at(offset, length)
  }

  async checkUnchanged(): Promise<void> {
    const { size, mtimeMs } = await this.#file.stat()
    if (size !== this.#fileSize || mtimeMs !== this.#modified) throw this.#changed()
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  async #readAt(bytes: Buffer, at: number, length: number, position: number): Promise<number> {
    try {
      return (await this.#file.read(bytes, at, length, position)).bytesRead
    } catch (cause) {
      throw new PackageError('source-unreadable', `the disk image \`${this.path}\` cannot be read at byte ${position}`, cause)
    }
  }

  #changed(): PackageError {
    return new PackageError('source-changed', `the disk image \`${this.path}\` changed while it was sealed`)
  }
}
