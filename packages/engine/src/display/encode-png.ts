// SPDX-License-Identifier: Apache-2.0
import { promisify } from 'node:util'
import { crc32, deflate } from 'node:zlib'
import { viewOf } from './byte-reader.ts'

/** A picture: `width * height * 4` bytes, red, green, blue, alpha. */
export interface Frame {
  readonly width: number
  readonly height: number
  readonly rgba: Uint8Array
}

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)
const FILTER_UP = 2

/** A PNG of 8 bits a channel without interlace (PNG specification, third edition); every row is filtered against the one above. */
export async function encodePng(frame: Frame): Promise<Uint8Array> {
  const header = new Uint8Array(13)
  const view = viewOf(header)
  view.setUint32(0, frame.width)
  view.setUint32(4, frame.height)
  header.set([8, 6, 0, 0, 0], 8)
  const pixels = await promisify(deflate)(filterUp(frame), { level: 6 })
  return Buffer.concat([SIGNATURE, chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', new Uint8Array(0))])
}

function filterUp({ width, height, rgba }: Frame): Uint8Array {
  const stride = width * 4
  const rows = new Uint8Array(height * (stride + 1))
  for (let y = 0; y < height; y++) {
    const to = y * (stride + 1)
    rows[to] = FILTER_UP
    for (let x = 0; x < stride; x++) {
      const from = y * stride + x
      rows[to + 1 + x] = (rgba[from] ?? 0) - (y === 0 ? 0 : (rgba[from - stride] ?? 0))
    }
  }
  return rows
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const whole = Buffer.alloc(12 + data.length)
  whole.writeUInt32BE(data.length, 0)
  whole.write(type, 4, 'latin1')
  whole.set(data, 8)
  whole.writeUInt32BE(crc32(whole.subarray(4, 8 + data.length)), 8 + data.length)
  return whole
}
