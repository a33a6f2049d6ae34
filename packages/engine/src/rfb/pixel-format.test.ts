// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { convertPixels, decodePixelFormat, encodePixelFormat, nativeFormat, type PixelFormat } from './pixel-format.ts'

const frame = { width: 2, height: 2, pixels: Uint8Array.of(255, 0, 0, 0, 0, 255, 0, 0, 0, 0, 255, 0, 0x11, 0x22, 0x33, 0) }
const everything = { x: 0, y: 0, width: 2, height: 2 }
const rgb565: PixelFormat = { bitsPerPixel: 16, depth: 16, bigEndian: false, max: [31, 63, 31], shift: [11, 5, 0] }

describe('pixels', () => {
  it('go out as they are in the native format', () => {
    expect([...convertPixels(frame, everything, nativeFormat)]).toEqual([...frame.pixels])
  })

  it('are shifted, scaled and ordered as the client asks', () => {
    expect(convertPixels(frame, everything, rgb565).toString('hex')).toBe('00f8e0071f000611')
    expect(convertPixels(frame, everything, { ...rgb565, bigEndian: true }).toString('hex')).toBe('f80007e0001f1106')
    const bgra: PixelFormat = { ...nativeFormat, shift: [16, 8, 0] }
    expect(convertPixels(frame, { x: 1, y: 1, width: 1, height: 1 }, bgra).toString('hex')).toBe('33221100')
    expect(convertPixels(frame, { x: 1, y: 1, width: 1, height: 1 }, { ...bgra, bigEndian: true }).toString('hex')).toBe('00112233')
    const bgr233: PixelFormat = { bitsPerPixel: 8, depth: 8, bigEndian: false, max: [7, 7, 3], shift: [0, 3, 6] }
    expect([...convertPixels(frame, everything, bgr233)]).toEqual([0x07, 0x38, 0xc0, 0x48])
  })
})

describe('a pixel format', () => {
  it('survives being written and read', () => {
    for (const format of [nativeFormat, rgb565]) expect(decodePixelFormat(encodePixelFormat(format))).toEqual(format)
  })

  it.each<[string, number, number]>([
    ['24 bits a pixel', 0, 24],
    ['a colour map', 3, 0],
    ['a maximum that is no mask', 5, 30],
    ['a colour that leaves the pixel', 10, 12],
    ['a shift beyond 31', 12, 32],
  ])('is refused with %s, and taken without', (_name, at, value) => {
    const bytes = encodePixelFormat(rgb565)
    expect(decodePixelFormat(bytes)).toEqual(rgb565)
    bytes[at] = value
    expect(() => decodePixelFormat(bytes)).toThrow(expect.objectContaining({ code: 'rfb-protocol' }))
  })
})
