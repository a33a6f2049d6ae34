// SPDX-License-Identifier: Apache-2.0
//
// One RFB 3.8 client: handshake, messages in, updates out. At most one update is under way; what changes meanwhile is only marked,
// so a slow client costs a bitmap and never a queue.
import type { Socket } from 'node:net'
import { EngineError } from '../error.ts'
import { ByteReader } from '../nbd/byte-reader.ts'
import { type ClientMessage, readClientMessage } from './client-messages.ts'
import * as encode from './encode-update.ts'
import type { Frame, InputEvent } from './frame-source.ts'
import { scancodesOfKeycode, scancodesOfKeysym } from './keyboard.ts'
import { encodePixelFormat, nativeFormat, type PixelFormat, type Rect } from './pixel-format.ts'
import { DirtyTiles } from './shadow.ts'

export interface SessionHost {
  readonly name: string
  /** The picture that all clients are being shown. */
  frame(): Frame
  /** That picture after looking for changes. */
  newest(): Frame
  input(event: InputEvent): void
  /** The client waits for a picture: look for changes. */
  wanted(): void
}

const VERSION = 'RFB 003.008\n'
const NO_AREA: Rect = { x: 0, y: 0, width: 0, height: 0 }

export class RfbSession {
  private readonly socket: Socket
  private readonly host: SessionHost
  private readonly reader: ByteReader
  private format: PixelFormat = nativeFormat
  private encodings: ReadonlySet<number> = new Set()
  private dirty = new DirtyTiles(0, 0)
  private shown = { width: 0, height: 0 }
  private resized = false
  private announceKeys = false
  private area: Rect | null = null
  private sending = false
  private ready = false

  constructor(socket: Socket, host: SessionHost) {
    this.socket = socket
    this.host = host
    this.reader = new ByteReader(socket, (cause) => new EngineError('rfb-protocol', 'the RFB client closed', cause), 256 * 1024)
  }

  /** Whether an update request is open. */
  get waiting(): boolean {
    return this.ready && this.area !== null && !this.sending
  }

  /** Runs until the client leaves or breaks the protocol; never rejects. */
  async serve(): Promise<EngineError> {
    try {
      await this.handshake()
      for (;;) this.take(await readClientMessage(this.reader))
    } catch (error) {
      return error instanceof EngineError ? error : new EngineError('rfb-protocol', 'the RFB session broke', error)
    } finally {
      this.ready = false
      this.socket.destroy()
    }
  }

  /** Tiles that changed; null: the picture has another size. */
  changed(tiles: readonly { column: number; row: number }[] | null): void {
    if (tiles === null) this.adopt(this.host.frame())
    else for (const tile of tiles) this.dirty.mark(tile.column, tile.row)
  }

  /** Sends what is owed where the client waits for it. */
  async flush(): Promise<void> {
    if (!this.waiting || !(this.dirty.any || this.resized || this.announceKeys)) return
    const area = this.area ?? NO_AREA
    this.sending = true
    try {
      const parts = this.compose(area)
      if (parts === null) return
      this.area = null
      this.socket.cork()
      let drained = true
      for (const part of parts) drained = this.socket.write(part)
      this.socket.uncork()
      if (!drained) await drainOf(this.socket)
    } finally {
      this.sending = false
    }
    if (this.waiting) this.host.wanted()
  }

  private async handshake(): Promise<void> {
    this.socket.write(VERSION)
    const version = (await this.reader.read(12)).toString('latin1')
    if (version !== VERSION) throw new EngineError('rfb-protocol', `RFB version \`${version.trim()}\`: expected 3.8`)
    this.socket.write(Buffer.from([1, 1]))
    const security = (await this.reader.read(1)).readUInt8(0)
    if (security !== 1) throw new EngineError('rfb-protocol', `RFB security type \`${security}\`: expected 1 (None)`)
    this.socket.write(Buffer.alloc(4))
    await this.reader.read(1)
    const frame = this.host.newest()
    const name = Buffer.from(this.host.name, 'latin1')
    const head = Buffer.alloc(4)
    head.writeUInt16BE(frame.width, 0)
    head.writeUInt16BE(frame.height, 2)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(name.length)
    this.socket.write(Buffer.concat([head, encodePixelFormat(nativeFormat), length, name]))
    this.adopt(frame)
    this.resized = false
    this.ready = true
  }

  private take(message: ClientMessage): void {
    switch (message.type) {
      case 'set-pixel-format':
        this.format = message.format
        return
      case 'set-encodings':
        this.announceKeys ||= message.encodings.includes(encode.ENCODING_EXTENDED_KEY) && !this.encodings.has(encode.ENCODING_EXTENDED_KEY)
        this.encodings = new Set(message.encodings)
        return
      case 'update-request':
        this.area = message.area
        if (!message.incremental) this.dirty.markRect(message.area)
        this.host.wanted()
        return
      case 'key':
        this.scancodes(scancodesOfKeysym(message.keysym, message.down))
        return
      case 'extended-key':
        if (message.keycode === 0) this.scancodes(scancodesOfKeysym(message.keysym, message.down))
        else this.scancodes(scancodesOfKeycode(message.keycode, message.down))
        return
      case 'pointer': {
        const { width, height } = this.shown
        const { x, y, buttons } = message
        this.host.input({ kind: 'pointer', x: Math.min(x, width - 1), y: Math.min(y, height - 1), buttons })
        return
      }
      case 'cut-text':
        this.host.input({ kind: 'cut-text', text: message.text })
        return
    }
  }

  private scancodes(bytes: readonly number[]): void {
    if (bytes.length > 0) this.host.input({ kind: 'scancodes', bytes })
  }

  private adopt(frame: Frame): void {
    this.shown = { width: frame.width, height: frame.height }
    this.dirty = new DirtyTiles(frame.width, frame.height)
    this.dirty.markRect({ x: 0, y: 0, ...this.shown })
    this.resized = true
  }

  /** One FramebufferUpdate, or null where nothing in `area` is owed. */
  private compose(area: Rect): Buffer[] | null {
    const frame = this.host.frame()
    const parts: Buffer[] = []
    let rectangles = 0
    if (this.announceKeys) {
      parts.push(encode.rectHeader(NO_AREA, encode.ENCODING_EXTENDED_KEY))
      this.announceKeys = false
      rectangles++
    }
    let wanted = area
    if (this.resized) {
      if (!this.encodings.has(encode.ENCODING_DESKTOP_SIZE))
        throw new EngineError('rfb-protocol', 'the picture changed its size, which the client does not understand')
      parts.push(encode.rectHeader({ x: 0, y: 0, ...this.shown }, encode.ENCODING_DESKTOP_SIZE))
      this.resized = false
      wanted = { x: 0, y: 0, ...this.shown }
      rectangles++
    }
    for (const rect of this.dirty.take(wanted)) {
      parts.push(...encode.encodeRaw(frame, rect, this.format))
      rectangles++
    }
    return rectangles === 0 ? null : [encode.updateHeader(rectangles), ...parts]
  }
}

/** Resolves once the socket takes more, or never will. */
function drainOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done)
      socket.off('close', done)
      resolve()
    }
    socket.on('drain', done)
    socket.on('close', done)
    if (socket.destroyed) done()
  })
}
