// SPDX-License-Identifier: Apache-2.0
import { EngineError } from '../error.ts'
import type { Frame } from './frame-source.ts'

/** PIXEL_FORMAT of RFC 6143, 7.4; true colour only. */
export interface PixelFormat {
  readonly bitsPerPixel: 8 | 16 | 32
  readonly depth: number
  readonly bigEndian: boolean
  readonly max: readonly [red: number, green: number, blue: number]
  readonly shift: readonly [red: number, green: number, blue: number]
}

export interface Rect {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export const nativeFormat: PixelFormat = { bitsPerPixel: 32, depth: 24, bigEndian: false, max: [255, 255, 255], shift: [0, 8, 16] }

export function encodePixelFormat(format: PixelFormat): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.set([format.bitsPerPixel, format.depth, format.bigEndian ? 1 : 0, 1])
  for (const [index, max] of format.max.entries()) bytes.writeUInt16BE(max, 4 + index * 2)
  bytes.set(format.shift, 10)
  return bytes
}

/** @throws EngineError `rfb-protocol` for colour maps and for masks that do not fit into the pixel. */
export function decodePixelFormat(bytes: Buffer): PixelFormat {
  const [bitsPerPixel = 0, depth = 0, bigEndian = 0, trueColour = 0] = bytes
  if (bitsPerPixel !== 8 && bitsPerPixel !== 16 && bitsPerPixel !== 32)
    throw new EngineError('rfb-protocol', `\`${bitsPerPixel}\` bits a pixel: expected 8, 16 or 32`)
  if (trueColour === 0) throw new EngineError('rfb-protocol', 'a colour map was asked for, only true colour is offered')
  const format: PixelFormat = {
    bitsPerPixel,
    depth,
    bigEndian: bigEndian !== 0,
    max: [bytes.readUInt16BE(4), bytes.readUInt16BE(6), bytes.readUInt16BE(8)],
    shift: [bytes.readUInt8(10), bytes.readUInt8(11), bytes.readUInt8(12)],
  }
  for (const [index, max] of format.max.entries()) {
    const shift = format.shift[index] ?? 0
    const isMask = max > 0 && ((max + 1) & max) === 0
    if (!isMask || shift > 31 || shift + Math.log2(max + 1) > bitsPerPixel) {
      throw new EngineError('rfb-protocol', `colour maximum ${max} at bit ${shift} does not fit into ${bitsPerPixel} bits`)
    }
  }
  return format
}

/** The pixels of `rect`, row by row, as `format` wants them. */
export function convertPixels(frame: Frame, rect: Rect, format: PixelFormat): Buffer {
  if (isNative(format)) return copyPixels(frame, rect)
  const bytesPerPixel = format.bitsPerPixel / 8
  const out = Buffer.allocUnsafe(rect.width * rect.height * bytesPerPixel)
  const scaled = tablesOf(format)
  const put = writerOf(out, format)
  let at = 0
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    let from = (y * frame.width + rect.x) * 4
    for (let x = 0; x < rect.width; x++, from += 4, at += bytesPerPixel) {
      const { pixels } = frame
      put((scaled[pixels[from] ?? 0] ?? 0) | (scaled[256 + (pixels[from + 1] ?? 0)] ?? 0) | (scaled[512 + (pixels[from + 2] ?? 0)] ?? 0), at)
    }
  }
  return out
}

const isNative = ({ bitsPerPixel, bigEndian, max, shift }: PixelFormat): boolean =>
  bitsPerPixel === 32 && !bigEndian && max.every((value) => value === 255) && shift.every((value, channel) => value === 8 * channel)

function copyPixels({ width, pixels }: Frame, rect: Rect): Buffer {
  const row = rect.width * 4
  const out = Buffer.allocUnsafe(row * rect.height)
  for (let y = 0; y < rect.height; y++) {
    const from = ((rect.y + y) * width + rect.x) * 4
    out.set(pixels.subarray(from, from + row), y * row)
  }
  return out
}

const tableCache = new WeakMap<PixelFormat, Int32Array>()

/** For each channel and 8-bit value the bits it adds to a pixel. */
function tablesOf(format: PixelFormat): Int32Array {
  const cached = tableCache.get(format)
  if (cached !== undefined) return cached
  const table = new Int32Array(768)
  for (const [channel, max] of format.max.entries()) {
    for (let value = 0; value < 256; value++) table[channel * 256 + value] = Math.round((value * max) / 255) << (format.shift[channel] ?? 0)
  }
  tableCache.set(format, table)
  return table
}

function writerOf(out: Buffer, format: PixelFormat): (pixel: number, at: number) => void {
  if (format.bitsPerPixel === 8) {
    return (pixel, at) => {
      out[at] = pixel
    }
  }
  const high = format.bigEndian
  if (format.bitsPerPixel === 16) {
    return (pixel, at) => {
      out[at] = high ? pixel >> 8 : pixel
      out[at + 1] = high ? pixel : pixel >> 8
    }
  }
  return (pixel, at) => {
    out[at] = high ? pixel >> 24 : pixel
    out[at + 1] = high ? pixel >> 16 : pixel >> 8
    out[at + 2] = high ? pixel >> 8 : pixel >> 16
    out[at + 3] = high ? pixel : pixel >> 24
  }
}
