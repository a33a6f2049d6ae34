// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { glyphHeight, glyphWidth, hasInk, inFont } from './small-font.ts'
import { Watermark } from './watermark.ts'

const whole = { x: 0, y: 0, width: 400, height: 120 }
const ground = (value: number) => new Uint8Array(whole.width * whole.height * 4).fill(value)
const letters = Array.from({ length: 95 }, (_, index) => String.fromCharCode(0x20 + index))

/** What stands at the start of the first line, letter by letter, told by every pixel of each; `?` where it is no letter of the font. */
function read(pixels: Uint8Array, before: number, scale: number, count: number): string {
  const differs = (x: number, y: number) => pixels[(y * whole.width + x) * 4] !== before
  return Array.from({ length: count }, (_, place) => {
    const fits = (letter: string) => {
      for (let row = 0; row < glyphHeight * scale; row++) {
        for (let column = 0; column < (glyphWidth + 1) * scale; column++) {
          const ink = hasInk(letter, Math.floor(column / scale), Math.floor(row / scale))
          if (differs(place * (glyphWidth + 1) * scale + column, row) !== ink) return false
        }
      }
      return true
    }
    return letters.find(fits) ?? '?'
  }).join('')
}

describe('a watermark', () => {
  it.each([
    [0, 1],
    [255, 2],
    [80, 2],
    [176, 2],
  ])('can be read on a ground of %i, letter by letter, and is nowhere without it', (value, scale) => {
    const pixels = ground(value)
    expect(read(pixels, value, scale, 12).trim()).toBe('')
    new Watermark('laptop-7 eva', scale).draw(pixels, whole, 0)
    expect(read(pixels, value, scale, 12)).toBe('laptop-7 eva')
  })

  it('comes out the same in whatever rectangles and pieces the picture comes', () => {
    const mark = new Watermark('laptop-7 eva')
    const expected = ground(7)
    mark.draw(expected, whole, 0)
    fc.assert(
      fc.property(
        fc.record({ x: fc.nat(399), y: fc.nat(119), width: fc.integer({ min: 1, max: 400 }), height: fc.integer({ min: 1, max: 120 }) }),
        fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 9 }),
        ({ x, y, width: wide, height: high }, sizes) => {
          const [width, height] = [Math.min(wide, whole.width - x), Math.min(high, whole.height - y)]
          const part = new Uint8Array(width * height * 4).fill(7)
          for (let at = 0, turn = 0; at < part.length; turn++) {
            const piece = part.subarray(at, at + (sizes[turn % sizes.length] ?? 1))
            mark.draw(piece, { x, y, width }, at)
            at += piece.length
          }
          for (let row = 0; row < height; row++) {
            const from = ((y + row) * whole.width + x) * 4
            expect(Buffer.compare(part.subarray(row * width * 4, (row + 1) * width * 4), expected.subarray(from, from + width * 4))).toBe(0)
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  it('leaves of what stood below its strokes one bit a colour, and all of the rest', () => {
    const drawn = [130, 255].map((value) => {
      const pixels = ground(value)
      new Watermark('laptop-7 eva').draw(pixels, whole, 0)
      return pixels
    })
    const [first, second] = [drawn[0] ?? [], drawn[1] ?? []]
    const ink = first.findIndex((value) => value !== 130)
    expect([first[ink], second[ink]]).toEqual([80, 80])
    expect(first.every((value, at) => (value === 80 ? second[at] === 80 : value === 130 && second[at] === 255))).toBe(true)
  })

  it('keeps two names apart that the letters of the font cannot write', () => {
    expect(inFont('Zoë')).toBe('Zoe')
    expect(inFont('王')).not.toBe(inFont('李'))
    expect(inFont('王')).toBe('<738b>')
  })
})
