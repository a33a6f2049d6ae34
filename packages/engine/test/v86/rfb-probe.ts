// SPDX-License-Identifier: Apache-2.0
//
// The viewer's side of RFB 3.8, as strict as a test needs it: every byte of the server is accounted for.
import { connect, type Socket } from 'node:net'
import { ByteReader } from '../../src/nbd/byte-reader.ts'
import type { Rect } from '../../src/rfb/pixel-format.ts'

export interface ProbeUpdate {
  readonly rects: readonly (Rect & { readonly encoding: number })[]
}

export class RfbProbe {
  width = 0
  height = 0
  name = ''
  /** As the server sends pixels: `bytesPerPixel` bytes each. */
  pixels = Buffer.alloc(0)
  bytesPerPixel = 4
  readonly socket: Socket
  private readonly reader: ByteReader

  private constructor(path: string) {
    this.socket = connect(path)
    this.reader = new ByteReader(this.socket, () => new Error('the server closed'), 64 * 1024 * 1024)
  }

  static async open(path: string): Promise<RfbProbe> {
    const probe = new RfbProbe(path)
    const version = await probe.reader.read(12)
    probe.socket.write(version)
    const [count = 0] = await probe.reader.read(1)
    await probe.reader.read(count)
    probe.socket.write(Buffer.from([1]))
    if ((await probe.reader.read(4)).readUInt32BE(0) !== 0) throw new Error('the server refused')
    probe.socket.write(Buffer.from([1]))
    const init = await probe.reader.read(24)
    probe.name = (await probe.reader.read(init.readUInt32BE(20))).toString('latin1')
    probe.resize(init.readUInt16BE(0), init.readUInt16BE(2))
    return probe
  }

  encodings(...encodings: number[]): void {
    const message = Buffer.alloc(4 + encodings.length * 4)
    message.writeUInt8(2, 0)
    message.writeUInt16BE(encodings.length, 2)
    for (const [index, encoding] of encodings.entries()) message.writeInt32BE(encoding, 4 + index * 4)
    this.socket.write(message)
  }

  request(incremental: boolean, area: Rect = { x: 0, y: 0, width: 65_535, height: 65_535 }): void {
    const message = Buffer.from([3, incremental ? 1 : 0, 0, 0, 0, 0, 0, 0, 0, 0])
    for (const [index, value] of [area.x, area.y, area.width, area.height].entries()) message.writeUInt16BE(value, 2 + index * 2)
    this.socket.write(message)
  }

  async update(): Promise<ProbeUpdate> {
    const head = await this.reader.read(4)
    if (head.readUInt8(0) !== 0) throw new Error(`server message ${head.readUInt8(0)}`)
    const rects = []
    for (let left = head.readUInt16BE(2); left > 0; left--) rects.push(await this.rect())
    return { rects }
  }

  pixel(x: number, y: number): Buffer {
    const at = (y * this.width + x) * this.bytesPerPixel
    return this.pixels.subarray(at, at + this.bytesPerPixel)
  }

  close(): void {
    this.socket.destroy()
  }

  private async rect(): Promise<Rect & { encoding: number }> {
    const head = await this.reader.read(12)
    const rect = {
      x: head.readUInt16BE(0),
      y: head.readUInt16BE(2),
      width: head.readUInt16BE(4),
      height: head.readUInt16BE(6),
      encoding: head.readInt32BE(8),
    }
    if (rect.encoding === -223) this.resize(rect.width, rect.height)
    else if (rect.encoding === 0) this.paint(rect, await this.reader.read(rect.width * rect.height * this.bytesPerPixel))
    else if (rect.encoding !== -258) throw new Error(`encoding ${rect.encoding} was not asked for`)
    return rect
  }

  private paint(rect: Rect, body: Buffer): void {
    const row = rect.width * this.bytesPerPixel
    if (body.length !== row * rect.height) throw new Error(`expected ${row * rect.height} bytes of pixels, found ${body.length}`)
    for (let y = 0; y < rect.height; y++) body.copy(this.pixels, ((rect.y + y) * this.width + rect.x) * this.bytesPerPixel, y * row, (y + 1) * row)
  }

  private resize(width: number, height: number): void {
    this.width = width
    this.height = height
    this.pixels = Buffer.alloc(width * height * this.bytesPerPixel)
  }
}
