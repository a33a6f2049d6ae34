// SPDX-License-Identifier: Apache-2.0
import type { BlockDevice, Extent } from '../src/read/block-device.ts'

const zeros = Buffer.alloc(65_536)

/** A writable disk in memory that knows which of its 64 KiB parts are zero, and counts flushes. */
export class MemoryDevice implements BlockDevice {
  readonly bytes: Buffer
  readonly readOnly = false
  flushes = 0
  /** What `read` gave and `giveBack` did not get yet. */
  readonly lent = new Set<Uint8Array>()
  readonly trimmed: (readonly [number, number])[] = []
  /** Thrown by every read and write while set. */
  failure: Error | null = null

  constructor(size: number) {
    this.bytes = Buffer.alloc(size)
  }

  get size(): number {
    return this.bytes.length
  }

  async read(offset: number, length: number): Promise<Buffer> {
    if (this.failure !== null) throw this.failure
    const bytes = Buffer.from(this.bytes.subarray(offset, offset + length))
    this.lent.add(bytes)
    return bytes
  }

  /** Whoever still looks at them sees that they were given back. */
  giveBack(bytes: Uint8Array): void {
    if (!this.lent.delete(bytes)) throw new Error('these bytes were not lent, or are back already')
    bytes.fill(0xee)
  }

  async write(offset: number, data: Uint8Array): Promise<void> {
    if (this.failure !== null) throw this.failure
    this.bytes.set(data, offset)
  }

  async flush(): Promise<void> {
    this.flushes += 1
  }

  async trim(offset: number, length: number): Promise<void> {
    this.trimmed.push([offset, length])
  }

  async extents(offset: number, length: number): Promise<readonly Extent[]> {
    const extents: Extent[] = []
    for (let at = offset; at < offset + length; at += 65_536) {
      const part = Math.min(65_536, offset + length - at)
      extents.push({ length: part, zero: this.bytes.compare(zeros, 0, part, at, at + part) === 0 })
    }
    return extents
  }
}

/** The same disk without the right to write. */
export function readOnlyView(device: BlockDevice): BlockDevice {
  return {
    size: device.size,
    readOnly: true,
    read: (offset, length) => device.read(offset, length),
    extents: async (offset, length) => (await device.extents?.(offset, length)) ?? [{ length, zero: false }],
  }
}
