// SPDX-License-Identifier: Apache-2.0
//
// Takes a display's picture as noVNC does, over the WebSocket of a session: its pixel format and its encodings, and the next update is asked
// for once one has come. It counts what comes and does not draw it.
import { EventEmitter } from 'node:events'
import { ByteQueue } from '../e2e/screen/byte-queue.ts'
import { ScreenError } from '../e2e/screen/error.ts'
import { shakeHands } from '../e2e/screen/rfb-handshake.ts'
import { extendedKeyEvent, requestUpdate, setEncodings } from '../e2e/screen/rfb-messages.ts'
import { connectWebSocket, type Transport } from '../e2e/screen/transport.ts'
import { namedKey } from '../e2e/screen/us-keyboard.ts'

/** Of noVNC 1.7, in its order. */
const encodings = [1, 7, -260, 16, 21, 5, 2, 6, 0, -26, -254, -223, -224, -258, -261, -308, -309, -312, -313, -307, -316, -239]
/** 32 bits, little-endian, red in the lowest byte. */
const pixelFormat = Uint8Array.of(0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 8, 16, 0, 0, 0)

/** `error`: what it is sent is not what it expects, or the connection ended by itself. */
export class DisplayViewer extends EventEmitter<{ update: []; error: [unknown] }> {
  width = 0
  height = 0
  /** Of all updates since it came. */
  drawnPixels = 0
  bytes = 0
  readonly #transport: Transport
  readonly #queue = new ByteQueue()
  #closed = false

  private constructor(transport: Transport) {
    super()
    this.#transport = transport
    transport.listen(
      (bytes) => {
        this.bytes += bytes.length
        this.#queue.push(bytes)
      },
      (reason) => this.#queue.close(new ScreenError('closed', reason)),
    )
  }

  static async open({ url, protocols }: { readonly url: string; readonly protocols: readonly string[] }): Promise<DisplayViewer> {
    const viewer = new DisplayViewer(await connectWebSocket(url, { protocols }))
    const { width, height } = await shakeHands(viewer.#queue, viewer.#transport)
    Object.assign(viewer, { width, height })
    viewer.#transport.write(pixelFormat)
    viewer.#transport.write(setEncodings(encodings))
    viewer.#ask(false)
    viewer.#read().catch((error: unknown) => viewer.#closed || viewer.emit('error', error))
    return viewer
  }

  /** Presses a key or lets it go: one byte of the keyboard's, one interrupt. */
  key(down: boolean): void {
    this.#transport.write(extendedKeyEvent(namedKey('Enter'), down))
  }

  close(): void {
    this.#closed = true
    this.#transport.close()
  }

  #ask(incremental: boolean): void {
    this.#transport.write(requestUpdate(incremental, { x: 0, y: 0, width: this.width, height: this.height }))
  }

  async #read(): Promise<void> {
    for (;;) {
      const head = await this.#queue.read(4)
      if (head.readUInt8(0) !== 0) throw new ScreenError('protocol', `the server sent message type \`${head.readUInt8(0)}\`, expected 0`)
      let resized = false
      for (let left = head.readUInt16BE(2); left > 0; left--) resized = (await this.#rectangle()) || resized
      this.emit('update')
      this.#ask(!resized)
    }
  }

  /** Of what the session's filter lets through. @returns whether the picture has another size now */
  async #rectangle(): Promise<boolean> {
    const head = await this.#queue.read(12)
    const [width, height, kind] = [head.readUInt16BE(4), head.readUInt16BE(6), head.readInt32BE(8)]
    if (kind >= 0) this.drawnPixels += width * height
    if (kind === 0) await this.#queue.read(width * height * 4)
    else if (kind === -239) await this.#queue.read(width * height * 4 + Math.ceil(width / 8) * height)
    else if (kind === -308) await this.#queue.read(16 * (await this.#queue.read(4)).readUInt8(0))
    else if (kind !== -223 && kind !== -258) throw new ScreenError('protocol', `a rectangle in encoding \`${kind}\``)
    if (kind !== -223 && kind !== -308) return false
    Object.assign(this, { width, height })
    return true
  }
}
