// SPDX-License-Identifier: Apache-2.0
import type { Frame } from './frame-source.ts'
import { convertPixels, type PixelFormat, type Rect } from './pixel-format.ts'

export const ENCODING_RAW = 0
export const ENCODING_DESKTOP_SIZE = -223
export const ENCODING_EXTENDED_KEY = -258

/** FramebufferUpdate header (RFC 6143, 7.6.1). */
export function updateHeader(rectangles: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt16BE(rectangles, 2)
  return bytes
}

export function rectHeader(rect: Rect, encoding: number): Buffer {
  const bytes = Buffer.alloc(12)
  bytes.writeUInt16BE(rect.x, 0)
  bytes.writeUInt16BE(rect.y, 2)
  bytes.writeUInt16BE(rect.width, 4)
  bytes.writeUInt16BE(rect.height, 6)
  bytes.writeInt32BE(encoding, 8)
  return bytes
}

export function encodeRaw(frame: Frame, rect: Rect, format: PixelFormat): Buffer[] {
  return [rectHeader(rect, ENCODING_RAW), convertPixels(frame, rect, format)]
}
