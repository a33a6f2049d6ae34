// SPDX-License-Identifier: Apache-2.0

/** A run of a disk that is known to be zero, or not known to be. */
export interface Extent {
  readonly length: number
  readonly zero: boolean
}

/** A disk as bytes; offsets and lengths in bytes, any alignment, within `size`. */
export interface BlockDevice {
  readonly size: number
  readonly readOnly: boolean
  read(offset: number, length: number): Promise<Uint8Array>
  /**
   * Takes back what `read` gave, once, when nobody needs it any more: it has no bytes then, and its memory serves again without a run of the
   * garbage collector. Absent: not asked for.
   */
  giveBack?(bytes: Uint8Array): void
  /**
   * Fills `into` with what is at hand, without waiting. @returns false when it would have to wait, or the read would fail; `into` is then
   * undefined, and `read` says more. Absent: nothing is ever at hand.
   */
  readNow?(offset: number, into: Buffer): boolean
  /** Absent on a read-only device. */
  write?(offset: number, data: Uint8Array): Promise<void>
  /** Resolves once all earlier writes are durable. */
  flush?(): Promise<void>
  /** The bytes are needed no more: a later read may give anything. Absent: discards are not offered. */
  trim?(offset: number, length: number): Promise<void>
  /** Covers exactly the range asked for; absent: nothing is known to be zero. */
  extents?(offset: number, length: number): Promise<readonly Extent[]>
}
