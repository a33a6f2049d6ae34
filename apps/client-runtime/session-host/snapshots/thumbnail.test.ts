// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { shrunk } from './thumbnail.ts'

const frame = (width: number, height: number, pixel: (x: number, y: number) => number) => ({
  width,
  height,
  rgba: Uint8Array.from({ length: width * height * 4 }, (_, at) => pixel(Math.floor(at / 4) % width, Math.floor(at / 4 / width))),
})

describe('a thumbnail', () => {
  it('is the screen itself where that is small', () => {
    const screen = frame(320, 2, (x) => x % 256)
    expect(shrunk(screen)).toEqual(screen)
  })

  it('has for each pixel the mean of those it stands for, at the edges too', () => {
    const { width, height, rgba } = shrunk(frame(641, 4, (x, y) => (x < 3 ? 90 : 200) + (y === 3 ? 9 : 0)))
    expect([width, height]).toEqual([214, 2])
    expect(rgba.subarray(0, 8)).toEqual(Uint8Array.of(90, 90, 90, 90, 200, 200, 200, 200))
    expect(rgba.subarray(214 * 4, 214 * 4 + 4)).toEqual(Uint8Array.of(99, 99, 99, 99))
  })
})
