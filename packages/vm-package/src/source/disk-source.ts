// SPDX-License-Identifier: Apache-2.0

export interface SourceExtent {
  /** Bytes, a multiple of 4096. */
  readonly length: number
  /** Known to be zero without reading it. */
  readonly zero: boolean
}

/** A disk image as blocks, read in pieces, so that memory does not grow with the disk. */
export interface DiskSource {
  readonly path: string
  /** Bytes of the disk, a multiple of 4096: a tail shorter than a block is filled with zeros. */
  readonly size: number
  /** The first 65,536 bytes of the disk, or all. */
  readonly head: Buffer
  /** Whether `read` takes any offset; else each must follow the one before without a gap, as in a stream. */
  readonly anyOrder: boolean
  /**
   * Fills `into`; offset and length are multiples of 4096 within `size`.
   * @throws PackageError `source-changed`, `source-unreadable`, `image-damaged`.
   */
  read(offset: number, into: Buffer): Promise<void>
  /** What lies at `offset`: at least a block, at most `length` bytes. */
  extent(offset: number, length: number): Promise<SourceExtent>
  /** @throws PackageError `source-changed` when the image is not as long or as old as it was when it was opened. */
  checkUnchanged(): Promise<void>
  close(): Promise<void>
}
