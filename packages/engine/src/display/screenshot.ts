// SPDX-License-Identifier: Apache-2.0
//
// One look at a VM's screen: a viewer of its own that asks for one whole picture in Raw and leaves. It presses nothing.
import { connect } from 'node:net'
import { EngineError } from '../error.ts'
import { ByteReader, viewOf } from './byte-reader.ts'
import type { Frame } from './encode-png.ts'
import { encodeSetEncodings, encoding } from './encodings.ts'
import { encodeUpdateRequest, Framing } from './framing.ts'
import { accepted, checkSize, securityNone, serverInit, version } from './handshake.ts'

/** 32 bits, little-endian, red in the lowest byte: the order of RGBA (RFC 6143 7.4). */
const SET_PIXEL_FORMAT = Uint8Array.of(0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 8, 16, 0, 0, 0)

/**
 * The screen as the RFB server at `displaySocket` shows it now; `alpha` is 255 everywhere.
 * @throws EngineError `rfb-protocol`; `time-out` when no whole picture came within `timeoutMs` (5 s unless told).
 */
export async function takeScreenshot(displaySocket: string, timeoutMs = 5000): Promise<Frame> {
  const socket = connect(displaySocket)
  const late = AbortSignal.timeout(timeoutMs)
  const leave = () => socket.destroy()
  late.addEventListener('abort', leave)
  socket.on('error', leave)
  const from = new ByteReader(socket, async () => undefined)
  try {
    socket.write(await version(from, 'the display server'))
    await securityNone(from)
    socket.write(Uint8Array.of(1))
    await accepted(from)
    socket.write(Uint8Array.of(1))
    const head = viewOf(await serverInit(from, new Framing()))
    socket.write(Buffer.concat([SET_PIXEL_FORMAT, encodeSetEncodings([encoding.raw, encoding.desktopSize])]))
    return await wholePicture(from, new Picture(head.getUint16(0), head.getUint16(2)), (request) => socket.write(request))
  } catch (error) {
    if (late.aborted) throw new EngineError('time-out', `no whole picture from \`${displaySocket}\` within \`${timeoutMs}\` ms`, error)
    throw error
  } finally {
    late.removeEventListener('abort', leave)
    leave()
  }
}

async function wholePicture(from: ByteReader, first: Picture, send: (request: Uint8Array) => void): Promise<Frame> {
  let picture = first
  send(encodeUpdateRequest(false, picture))
  while (picture.missing > 0) {
    const type = (await from.exactly(1))[0]
    if (type === 0) {
      const resized = await readUpdate(from, picture)
      if (resized !== null) {
        picture = resized
        send(encodeUpdateRequest(false, picture))
      }
    } else if (type === 1) await from.skip(6 * viewOf(await from.exactly(5)).getUint16(3))
    else if (type === 3) await from.skip(viewOf(await from.exactly(7)).getUint32(3))
    else if (type !== 2) throw new EngineError('rfb-protocol', `the display server sent message type \`${type}\`, expected 0 to 3`)
  }
  return picture
}

/** A new, empty picture when the screen changed its size meanwhile. */
async function readUpdate(from: ByteReader, picture: Picture): Promise<Picture | null> {
  let resized: Picture | null = null
  for (let rectangles = viewOf(await from.exactly(3)).getUint16(1); rectangles > 0; rectangles--) {
    const view = viewOf(await from.exactly(12))
    const [x, y, width, height, kind] = [view.getUint16(0), view.getUint16(2), view.getUint16(4), view.getUint16(6), view.getInt32(8)]
    checkSize(width, height)
    if (kind === encoding.desktopSize) resized = new Picture(width, height)
    else if (kind !== encoding.raw) throw new EngineError('rfb-protocol', `a rectangle in encoding \`${kind}\`, which was never offered`)
    else (resized ?? picture).draw(x, y, width, height, await from.exactly(width * height * 4))
  }
  return resized
}

class Picture implements Frame {
  readonly width: number
  readonly height: number
  readonly rgba: Uint8Array
  readonly #drawn: Uint8Array
  /** Pixels that no rectangle has covered. */
  missing: number

  constructor(width: number, height: number) {
    this.width = width
    this.height = height
    this.rgba = new Uint8Array(width * height * 4).fill(255)
    this.#drawn = new Uint8Array(width * height)
    this.missing = width * height
  }

  draw(x: number, y: number, width: number, height: number, pixels: Uint8Array): void {
    if (x + width > this.width || y + height > this.height) {
      throw new EngineError('rfb-protocol', `a rectangle \`${x},${y} ${width}x${height}\` outside of a screen of ${this.width}x${this.height}`)
    }
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const from = (row * width + column) * 4
        const to = (y + row) * this.width + x + column
        this.rgba.set(pixels.subarray(from, from + 3), to * 4)
        if (this.#drawn[to] === 0) this.missing--
        this.#drawn[to] = 1
      }
    }
  }
}
