// SPDX-License-Identifier: Apache-2.0
//
// Server to viewer (RFC 6143 7.6): every message is parsed to its end before the next begins. What is not known ends the connection,
// since nothing behind it could be judged. Cut text reaches the viewer only as the policy allows.
import { EngineError } from '../error.ts'
import type { BetweenMessages } from './between-messages.ts'
import { type ByteReader, viewOf } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { cutTextLength, readCutText } from './cut-text.ts'
import { type ClipboardEvent, type DisplayPolicy, judgeCutText } from './display-policy.ts'
import { encoding } from './encodings.ts'
import { bytesPerPixel, encodeUpdateRequest, type Framing } from './framing.ts'
import { checkSize } from './handshake.ts'

/** As QEMU's VMware display has it, the largest; a larger one would be a picture without a watermark. */
const MAX_POINTER_SIDE = 256

export interface GuestRelay {
  readonly framing: Framing
  readonly between: BetweenMessages
  policy(): DisplayPolicy
  /** Sends the server a whole message that the viewer did not. */
  ask(request: Uint8Array): void
  report(event: ClipboardEvent): void
}

/** Resolves when the server ends the stream between two messages. @throws EngineError `rfb-protocol`. */
export async function relayGuest(from: ByteReader, to: ByteWriter, relay: GuestRelay): Promise<void> {
  relay.between.end()
  for (let type = await from.byte(); type !== null; type = await from.byte()) {
    relay.between.begin()
    switch (type) {
      case 0:
        await relayUpdate(from, to, relay)
        break
      case 1:
        await relayColours(from, to)
        break
      case 2:
        await to.write(Uint8Array.of(2))
        break
      case 3:
        await relayCutText(from, to, relay)
        break
      default:
        throw new EngineError('rfb-protocol', `the display server sent message type \`${type}\`, expected 0 to 3`)
    }
    relay.between.end()
  }
}

/**
 * The next update is asked for as soon as one begins to come, once for each that the viewer asks for: a server that looks for changes at
 * fixed times and finds nobody waiting would let one go by, and QEMU looks less often then.
 */
async function relayUpdate(from: ByteReader, to: ByteWriter, relay: GuestRelay): Promise<void> {
  const { framing } = relay
  const head = await from.exactly(3)
  if (framing.askAhead()) relay.ask(encodeUpdateRequest(true, framing))
  await to.write(Uint8Array.of(0, ...head))
  for (let missing = viewOf(head).getUint16(1); missing > 0; missing--) await relayRectangle(from, to, relay)
}

async function relayRectangle(from: ByteReader, to: ByteWriter, relay: GuestRelay): Promise<void> {
  const { framing } = relay
  const head = await from.exactly(12)
  const view = viewOf(head)
  const width = view.getUint16(4)
  const height = view.getUint16(6)
  const kind = view.getInt32(8)
  if (!framing.isOffered(kind)) throw new EngineError('rfb-protocol', `a rectangle in encoding \`${kind}\`, which was never offered`)
  checkSize(width, height)
  await to.write(head)
  const pixels = width * height * bytesPerPixel
  switch (kind) {
    case encoding.raw:
      return relayPixels(from, to, { x: view.getUint16(0), y: view.getUint16(2), width, bytes: pixels }, relay)
    case encoding.cursor:
      if (Math.max(width, height) > MAX_POINTER_SIDE)
        throw new EngineError('rfb-protocol', `a pointer of \`${width}x${height}\`, expected at most ${MAX_POINTER_SIDE} a side`)
      return pass(from, to, pixels + Math.ceil(width / 8) * height)
    case encoding.extendedDesktopSize:
      framing.resize(width, height)
      return relayScreens(from, to, framing)
    case encoding.qemuExtendedKeys:
      framing.extendedKeys = true
      return
    case encoding.desktopSize:
      framing.resize(width, height)
      return
    case encoding.qemuPointerMotion:
      return
    default:
      throw new EngineError('rfb-protocol', `a rectangle in encoding \`${kind}\`, whose length is not known`)
  }
}

async function relayPixels(
  from: ByteReader,
  to: ByteWriter,
  area: { readonly x: number; readonly y: number; readonly width: number; readonly bytes: number },
  relay: GuestRelay,
): Promise<void> {
  let offset = 0
  for await (const part of from.parts(area.bytes)) {
    // The bytes were read for this one viewer: nobody else holds them.
    relay.policy().watermark?.draw(part, area, offset)
    offset += part.length
    await to.write(part)
  }
}

async function relayScreens(from: ByteReader, to: ByteWriter, framing: Framing): Promise<void> {
  const head = await from.exactly(4)
  const screens = Buffer.concat([head, await from.exactly(16 * viewOf(head).getUint8(0))])
  framing.screens = screens
  await to.write(screens)
}

async function relayColours(from: ByteReader, to: ByteWriter): Promise<void> {
  const head = await from.exactly(5)
  await to.write(Uint8Array.of(1, ...head))
  await pass(from, to, 6 * viewOf(head).getUint16(3))
}

async function relayCutText(from: ByteReader, to: ByteWriter, relay: GuestRelay): Promise<void> {
  const head = await from.exactly(7)
  const bytes = cutTextLength(head)
  const text = await readCutText(from, bytes, () => judgeCutText(relay.policy().clipboard.fromGuest, bytes))
  if (text instanceof Uint8Array) {
    await to.write(Uint8Array.of(3, ...head))
    await to.write(text)
  }
  relay.report({ direction: 'from-guest', bytes, outcome: text instanceof Uint8Array ? 'passed' : text })
}

async function pass(from: ByteReader, to: ByteWriter, length: number): Promise<void> {
  for await (const part of from.parts(length)) await to.write(part)
}
