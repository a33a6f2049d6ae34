// SPDX-License-Identifier: Apache-2.0
import type { ChangedRows, Frame } from './frame-source.ts'
import type { Rect } from './pixel-format.ts'

const TILE = 64

/** Which tiles of a picture a client has not been sent. */
export class DirtyTiles {
  readonly columns: number
  readonly rows: number
  private readonly width: number
  private readonly height: number
  private readonly marks: Uint8Array
  private count = 0

  constructor(width: number, height: number) {
    this.width = width
    this.height = height
    this.columns = Math.ceil(width / TILE)
    this.rows = Math.ceil(height / TILE)
    this.marks = new Uint8Array(this.columns * this.rows)
  }

  get any(): boolean {
    return this.count > 0
  }

  mark(column: number, row: number): void {
    const at = row * this.columns + column
    if (this.marks[at] === 0) this.count++
    this.marks[at] = 1
  }

  markRect(rect: Rect): void {
    for (let row = Math.floor(rect.y / TILE); row * TILE < rect.y + rect.height && row < this.rows; row++) {
      for (let column = Math.floor(rect.x / TILE); column * TILE < rect.x + rect.width && column < this.columns; column++) this.mark(column, row)
    }
  }

  /** The marked tiles that touch `area`, neighbours in a row joined; they are unmarked. */
  take(area: Rect): Rect[] {
    const taken: Rect[] = []
    const lastColumn = Math.min(this.columns, Math.ceil((area.x + area.width) / TILE))
    const lastRow = Math.min(this.rows, Math.ceil((area.y + area.height) / TILE))
    for (let row = Math.floor(area.y / TILE); row < lastRow; row++) {
      let start = -1
      for (let column = Math.floor(area.x / TILE); column <= lastColumn; column++) {
        const at = row * this.columns + column
        const marked = column < lastColumn && this.marks[at] === 1
        if (marked) {
          this.marks[at] = 0
          this.count--
          if (start < 0) start = column
        } else if (start >= 0) {
          taken.push(this.rectOf(start, column, row))
          start = -1
        }
      }
    }
    return taken
  }

  private rectOf(fromColumn: number, untilColumn: number, row: number): Rect {
    const x = fromColumn * TILE
    const y = row * TILE
    return { x, y, width: Math.min(untilColumn * TILE, this.width) - x, height: Math.min((row + 1) * TILE, this.height) - y }
  }
}

/** A copy of the last picture, to find the tiles in which the next one differs. */
export class Shadow {
  private copy: Buffer
  private width: number
  private height: number

  constructor(frame: Frame) {
    this.copy = Buffer.from(frame.pixels)
    this.width = frame.width
    this.height = frame.height
  }

  /** The tiles that differ within `changed`, then remembered; null where the picture has another size. */
  update(frame: Frame, changed: ChangedRows): { column: number; row: number }[] | null {
    if (frame.width !== this.width || frame.height !== this.height) {
      this.copy = Buffer.from(frame.pixels)
      this.width = frame.width
      this.height = frame.height
      return null
    }
    const found = new Map<number, { column: number; row: number }>()
    const stride = frame.width * 4
    for (let y = changed.from; y < changed.until; y++) {
      const start = y * stride
      const line = frame.pixels.subarray(start, start + stride)
      if (this.copy.compare(line, 0, stride, start, start + stride) === 0) continue
      this.markLine(line, start, y, found)
      this.copy.set(line, start)
    }
    return [...found.values()]
  }

  private markLine(line: Uint8Array, start: number, y: number, found: Map<number, { column: number; row: number }>): void {
    const row = Math.floor(y / TILE)
    for (let column = 0; column * TILE < this.width; column++) {
      const key = row * 65_536 + column
      if (found.has(key)) continue
      const from = column * TILE * 4
      const until = Math.min(from + TILE * 4, line.length)
      if (this.copy.compare(line, from, until, start + from, start + until) !== 0) found.set(key, { column, row })
    }
  }
}
