// SPDX-License-Identifier: Apache-2.0
//
// An RFB 3.8 client (RFC 6143) for tests: keeps the picture, reads its text, types and points like a person. It asks for
// security type None, raw rectangles, size changes and QEMU's extended key events; anything else from a server is an error.
import { EventEmitter } from 'node:events'
import { ByteQueue } from './byte-queue.ts'
import { encodePng } from './encode-png.ts'
import { ScreenError } from './error.ts'
import { blankFrame, type Frame, paintRaw, type Rectangle } from './frame.ts'
import { type ScreenText, TextReader } from './read-text.ts'
import { readString, shakeHands } from './rfb-handshake.ts'
import { clientCutText, ENCODING, extendedKeyEvent, keyEvent, pointerEvent, requestUpdate, setEncodings, setPixelFormat } from './rfb-messages.ts'
import { connectUnixSocket, connectWebSocket, type Transport, type WebSocketSettings } from './transport.ts'
import { type Key, type KeyName, namedKey, strokeFor } from './us-keyboard.ts'
import { loadFont } from './vga-font.ts'

// How long a typed character may stay without a trace on the screen (passwords, programs that do not echo).
const ECHO_LIMIT_MS = 500

const trimmed = (rows: readonly string[]) => rows.map((row) => row.trimEnd()).join('\n')

interface RfbEvents {
  /** A whole update has been painted. */
  update: []
  resize: [width: number, height: number]
  'cut-text': [text: string]
  closed: [error: ScreenError]
}

export class RfbClient extends EventEmitter<RfbEvents> {
  readonly #transport: Transport
  readonly #queue = new ByteQueue()
  readonly #reader: TextReader
  #frame: Frame = blankFrame(0, 0)
  #extendedKeys = false
  #closed: ScreenError | undefined
  #cursor: ScreenText['cursor'] = null
  #name = ''

  private constructor(transport: Transport, reader: TextReader) {
    super()
    this.#transport = transport
    this.#reader = reader
    transport.listen(
      (bytes) => this.#queue.push(bytes),
      (reason) => this.#queue.close(new ScreenError('closed', reason)),
    )
  }

  /** Shakes hands on a unix socket and asks for the first picture. */
  static async overUnixSocket(path: string): Promise<RfbClient> {
    return RfbClient.over(await connectUnixSocket(path))
  }

  /** As `overUnixSocket`, in binary WebSocket messages. */
  static async overWebSocket(url: string, settings?: WebSocketSettings): Promise<RfbClient> {
    return RfbClient.over(await connectWebSocket(url, settings))
  }

  /** @throws ScreenError `protocol`, `refused` (the server says why), `closed`, `font-missing` */
  static async over(transport: Transport): Promise<RfbClient> {
    const client = new RfbClient(transport, new TextReader(await loadFont()))
    try {
      const desktop = await shakeHands(client.#queue, transport)
      client.#frame = blankFrame(desktop.width, desktop.height)
      client.#name = desktop.name
      transport.write(setPixelFormat())
      transport.write(setEncodings([ENCODING.raw, ENCODING.desktopSize, ENCODING.extendedKeyEvent]))
      transport.write(requestUpdate(false, client.#whole()))
    } catch (error) {
      transport.close()
      throw error
    }
    void client.#readMessages()
    return client
  }

  /** What the server calls the desktop. */
  get name(): string {
    return this.#name
  }

  /** The picture as last painted; a later update changes it in place. */
  get frame(): Frame {
    return this.#frame
  }

  /** Whether the server takes scan codes (QEMU's extended key event); without them keysyms are sent. */
  get extendedKeys(): boolean {
    return this.#extendedKeys
  }

  /** Text on the screen, lines without trailing blanks; null when the picture is no 80-column text screen. */
  text(): string | null {
    const read = this.#reader.read(this.#frame)
    return read === null ? null : trimmed(read.rows)
  }

  screenshot(): Buffer {
    return encodePng(this.#frame)
  }

  /**
   * Resolves with the whole text once the screen holds `wanted`.
   * @throws ScreenError `time-out` with the text last seen, `closed` when the server goes away first
   */
  async waitForText(wanted: string | RegExp, timeoutMs: number): Promise<string> {
    const matches = (text: string) => (typeof wanted === 'string' ? text.includes(wanted) : text.search(wanted) >= 0)
    let seen: string | null = null
    const found = await this.#until(() => {
      const rows = this.#reader.read(this.#frame)?.rows ?? null
      seen = rows === null ? null : trimmed(rows)
      // A prompt often ends in a blank, which only the whole rows still have.
      return rows !== null && (matches(trimmed(rows)) || matches(rows.join('\n')))
    }, timeoutMs)
    if (found && seen !== null) return seen
    const shown = seen === null ? `a picture of ${this.#frame.width}x${this.#frame.height}` : `the text:\n${seen}`
    throw new ScreenError('time-out', `no \`${wanted}\` on the screen within ${timeoutMs} ms, which shows ${shown}`)
  }

  /**
   * Types on a US keyboard; a line feed is Enter. Each key waits for its trace on the screen (text or cursor moves), at
   * most half a second, so that a slow guest's keyboard buffer never overflows.
   * @throws ScreenError `key-unknown`, `closed`
   */
  async typeText(text: string): Promise<void> {
    for (const character of text) {
      const stroke = strokeFor(character)
      await this.#press(stroke, stroke.shift ? ['Shift'] : [])
    }
  }

  /** `key`: a name or one character; `holding`: keys held meanwhile. */
  async pressKey(key: KeyName | { readonly character: string }, holding: readonly KeyName[] = []): Promise<void> {
    await this.#press(typeof key === 'string' ? namedKey(key) : strokeFor(key.character), holding)
  }

  /** `buttons`: bit 0 left, 1 middle, 2 right. */
  pointer(x: number, y: number, buttons = 0): void {
    this.#send(pointerEvent(x, y, buttons))
  }

  sendCutText(text: string): void {
    this.#send(clientCutText(text))
  }

  close(): void {
    this.#fail(new ScreenError('closed', 'closed by the client'))
  }

  #send(bytes: Buffer): void {
    if (this.#closed !== undefined) throw this.#closed
    this.#transport.write(bytes)
  }

  async #press(key: Key, holding: readonly KeyName[]): Promise<void> {
    const before = this.#trace()
    const held = holding.map(namedKey)
    const message = this.#extendedKeys ? extendedKeyEvent : keyEvent
    for (const modifier of held) this.#send(message(modifier, true))
    this.#send(message(key, true))
    this.#send(message(key, false))
    for (const modifier of held.toReversed()) this.#send(message(modifier, false))
    await this.#until(() => this.#trace() !== before, ECHO_LIMIT_MS)
  }

  /** Text and cursor as one string. The cursor's last seen place is kept while it blinks. */
  #trace(): string {
    const read = this.#reader.read(this.#frame)
    if (read === null) return ''
    this.#cursor = read.cursor ?? this.#cursor
    return `${this.#cursor?.row},${this.#cursor?.column}\n${read.rows.join('\n')}`
  }

  /** Checks `condition` now and after every update. @returns false when the time is over */
  async #until(condition: () => boolean, timeoutMs: number): Promise<boolean> {
    if (condition()) return true
    if (this.#closed !== undefined) throw this.#closed
    const { promise, resolve, reject } = Promise.withResolvers<boolean>()
    const check = () => condition() && resolve(true)
    const timer = setTimeout(resolve, timeoutMs, false)
    this.on('update', check)
    this.on('closed', reject)
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      this.off('update', check)
      this.off('closed', reject)
    }
  }

  #fail(error: ScreenError): void {
    if (this.#closed !== undefined) return
    this.#closed = error
    this.#transport.close()
    this.emit('closed', error)
  }

  #whole(): Rectangle {
    return { x: 0, y: 0, width: this.#frame.width, height: this.#frame.height }
  }

  async #readMessages(): Promise<void> {
    try {
      for (;;) {
        const type = (await this.#queue.read(1)).readUInt8()
        if (type === 0) await this.#readUpdate()
        else if (type === 3) {
          await this.#queue.read(3)
          this.emit('cut-text', await readString(this.#queue))
        } else if (type !== 2) throw new ScreenError('protocol', `the server sent message type \`${type}\`, expected 0, 2 or 3`)
      }
    } catch (error) {
      this.#fail(error instanceof ScreenError ? error : new ScreenError('protocol', 'an update could not be painted', error))
    }
  }

  async #readUpdate(): Promise<void> {
    const count = (await this.#queue.read(3)).readUInt16BE(1)
    let resized = false
    for (let index = 0; index < count; index++) {
      const header = await this.#queue.read(12)
      const rectangle = { x: header.readUInt16BE(0), y: header.readUInt16BE(2), width: header.readUInt16BE(4), height: header.readUInt16BE(6) }
      const encoding = header.readInt32BE(8)
      if (encoding === ENCODING.raw) await this.#readRaw(rectangle)
      else if (encoding === ENCODING.desktopSize) {
        this.#frame = blankFrame(rectangle.width, rectangle.height)
        resized = true
        this.emit('resize', rectangle.width, rectangle.height)
      } else if (encoding === ENCODING.extendedKeyEvent) this.#extendedKeys = true
      else throw new ScreenError('protocol', `the server sent encoding \`${encoding}\`, which was not asked for`)
    }
    this.emit('update')
    if (this.#closed === undefined) this.#transport.write(requestUpdate(!resized, this.#whole()))
  }

  async #readRaw(rectangle: Rectangle): Promise<void> {
    const { x, y, width, height } = rectangle
    if (x + width > this.#frame.width || y + height > this.#frame.height) {
      throw new ScreenError(
        'protocol',
        `a rectangle ends at ${x + width},${y + height}, outside the picture of ${this.#frame.width}x${this.#frame.height}`,
      )
    }
    paintRaw(this.#frame, rectangle, await this.#queue.read(width * height * 4))
  }
}
