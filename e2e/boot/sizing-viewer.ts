// SPDX-License-Identifier: Apache-2.0
//
// A viewer behind the display filter that asks for sizes of the screen, and hears what becomes of it.
import { type Duplex, duplexPair } from 'node:stream'
import { vi } from 'vitest'
import { encodeSetEncodings } from '../../packages/engine/src/display/encodings.ts'
import { connectDisplay, type DisplayConnection, type DisplayPolicy } from '../../packages/engine/src/display/filter.ts'
import { encodeUpdateRequest } from '../../packages/engine/src/display/framing.ts'
import type { VirtualMachine } from '../../packages/engine/src/virtual-machine.ts'
import { greetAsViewer, take } from '../../packages/engine/test/display/scripted-server.ts'

const closed = { allowed: false, maxBytes: 0 }
const policy: DisplayPolicy = { clipboard: { toGuest: closed, fromGuest: closed }, input: 'allowed', watermark: null }
/** By the statuses of the RFB community registry; QEMU answers what it hands to the guest by 4. */
const answers: Readonly<Record<number, string>> = { 1: 'forbidden', 2: 'too-large', 3: 'not-one-screen', 4: 'passed-on' }
const patient = { timeout: 60_000, interval: 50 }

export class SizingViewer {
  readonly #viewer: Duplex
  readonly #connection: DisplayConnection
  #size = ''
  #screens: Buffer | null = null
  #answered: string[] = []

  private constructor(viewer: Duplex, connection: DisplayConnection) {
    this.#viewer = viewer
    this.#connection = connection
  }

  /** Resolves once the viewer has been told that it may ask. */
  static async of(vm: VirtualMachine): Promise<SizingViewer> {
    const [near, far] = duplexPair()
    const connection = connectDisplay({
      ...{ displaySocket: vm.displaySocket, viewer: far, policy, paste: 'type', takesSizes: true },
      onClipboard: () => undefined,
    })
    const viewer = new SizingViewer(near, connection)
    const { init } = await greetAsViewer(near)
    near.write(encodeSetEncodings([0, -308]))
    viewer.#request(init.readUInt16BE(0), init.readUInt16BE(2))
    void viewer.#read().catch(() => undefined)
    await vi.waitUntil(() => viewer.#screens !== null, { ...patient, timeout: 10_000 })
    return viewer
  }

  /** What the filter or the server said to it, and how many the filter has refused so far. */
  async ask(width: number, height: number): Promise<{ answer: string | undefined; refused: number }> {
    const message = Buffer.alloc(24)
    message[0] = 251
    message[6] = 1
    this.#screens?.copy(message, 8, 4, 20)
    for (const at of [2, 16]) message.writeUInt16BE(width, at)
    for (const at of [4, 18]) message.writeUInt16BE(height, at)
    this.#answered = []
    this.#viewer.write(message)
    const answer = await vi.waitUntil(() => this.#answered[0], patient)
    return { answer, refused: this.#connection.refusedSizes }
  }

  async sees(width: number, height: number): Promise<void> {
    await vi.waitUntil(() => this.#size === `${width}x${height}`, patient)
  }

  leave(): void {
    this.#connection.close()
  }

  #request(width: number, height: number): void {
    this.#viewer.write(encodeUpdateRequest(true, { width, height }))
  }

  async #read(): Promise<void> {
    for (;;) {
      const head = await take(this.#viewer, 4)
      if (head[0] !== 0) throw new Error(`message \`${head[0]}\` to a viewer that wants pictures only`)
      for (let missing = head.readUInt16BE(2); missing > 0; missing--) await this.#readRectangle()
    }
  }

  async #readRectangle(): Promise<void> {
    const rectangle = await take(this.#viewer, 12)
    const [reason, status, width, height] = [0, 2, 4, 6].map((at) => rectangle.readUInt16BE(at)) as [number, number, number, number]
    if (rectangle.readInt32BE(8) === 0) {
      await take(this.#viewer, width * height * 4)
      return
    }
    const count = await take(this.#viewer, 4)
    this.#screens = Buffer.concat([count, await take(this.#viewer, 16 * count.readUInt8(0))])
    if (reason === 1) this.#answered.push(answers[status] ?? `${status}`)
    else {
      this.#size = `${width}x${height}`
      this.#request(width, height)
    }
  }
}
