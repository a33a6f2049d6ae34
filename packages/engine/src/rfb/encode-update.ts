// SPDX-License-Identifier: Apache-2.0
import { constants, createDeflate, type Deflate } from 'node:zlib'
import type { Frame } from './frame-source.ts'
import { convertPixels, type PixelFormat, type Rect } from './pixel-format.ts'

export const ENCODING_RAW = 0
export const ENCODING_ZLIB = 6
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

/** Encoding 6 (rfbproto, Zlib): one zlib stream a connection, each rectangle flushed. */
export class ZlibEncoder {
  private readonly deflate: Deflate = createDeflate({ level: 1 })
  private produced: Buffer[] = []

  constructor() {
    this.deflate.on('data', (chunk: Buffer) => this.produced.push(chunk))
  }

  async encode(frame: Frame, rect: Rect, format: PixelFormat): Promise<Buffer[]> {
    const pixels = convertPixels(frame, rect, format)
    await new Promise<void>((resolve, reject) => {
      this.deflate.write(pixels, (error) => (error ? reject(error) : this.deflate.flush(constants.Z_SYNC_FLUSH, () => resolve())))
    })
    const body = Buffer.concat(this.produced)
    this.produced = []
    const length = Buffer.alloc(4)
    length.writeUInt32BE(body.length)
    return [rectHeader(rect, ENCODING_ZLIB), length, body]
  }

  close(): void {
    this.deflate.destroy()
  }
}
