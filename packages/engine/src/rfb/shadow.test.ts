// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DirtyTiles, Shadow } from './shadow.ts'

const width = 200
const height = 130
const blank = () => ({ width, height, pixels: new Uint8Array(width * height * 4) })

describe('the shadow of a picture', () => {
  it('finds exactly the tiles with a changed pixel, once', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(width - 1), fc.nat(height - 1)), { maxLength: 20 }), (points) => {
        const frame = blank()
        const shadow = new Shadow(frame)
        for (const [x, y] of points) frame.pixels[(y * width + x) * 4 + 1] = 200
        const expected = new Set(points.map(([x, y]) => `${Math.floor(x / 64)},${Math.floor(y / 64)}`))
        const found = shadow.update(frame, { from: 0, until: height }) ?? []
        expect(new Set(found.map((tile) => `${tile.column},${tile.row}`))).toEqual(expected)
        expect(found).toHaveLength(expected.size)
        expect(shadow.update(frame, { from: 0, until: height })).toEqual([])
      }),
    )
  })

  it('looks only at the rows that are said to have changed', () => {
    const frame = blank()
    const shadow = new Shadow(frame)
    frame.pixels[100 * width * 4] = 1
    expect(shadow.update(frame, { from: 0, until: 100 })).toEqual([])
    expect(shadow.update(frame, { from: 100, until: 101 })).toEqual([{ column: 0, row: 1 }])
  })

  it('says when the picture has another size', () => {
    const shadow = new Shadow(blank())
    expect(shadow.update({ width: 10, height: 10, pixels: new Uint8Array(400) }, { from: 0, until: 10 })).toBeNull()
  })
})

describe('dirty tiles', () => {
  it('come out once, neighbours joined, cut at the edges of the picture', () => {
    const dirty = new DirtyTiles(width, height)
    dirty.mark(2, 0)
    dirty.mark(3, 0)
    dirty.mark(0, 2)
    expect(dirty.take({ x: 0, y: 0, width, height })).toEqual([
      { x: 128, y: 0, width: 72, height: 64 },
      { x: 0, y: 128, width: 64, height: 2 },
    ])
    expect(dirty.any).toBe(false)
  })

  it('outside the area asked for stay', () => {
    const dirty = new DirtyTiles(width, height)
    dirty.markRect({ x: 0, y: 0, width, height })
    expect(dirty.take({ x: 0, y: 0, width: 64, height: 64 })).toEqual([{ x: 0, y: 0, width: 64, height: 64 }])
    expect(dirty.any).toBe(true)
    expect(dirty.take({ x: 0, y: 0, width: 65_535, height: 65_535 }).reduce((area, rect) => area + rect.width * rect.height, 0)).toBe(
      width * height - 64 * 64,
    )
    expect(dirty.any).toBe(false)
  })
})
