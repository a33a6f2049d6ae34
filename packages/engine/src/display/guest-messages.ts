// SPDX-License-Identifier: Apache-2.0
//
// Server to viewer (RFC 6143 7.6): every message is parsed to its end before the next begins. What is not known ends the connection,
// since nothing behind it could be judged. Cut text reaches the viewer only as the policy allows.
import { EngineError } from '../error.ts'
import { type ByteReader, viewOf } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { cutTextLength, readCutText } from './cut-text.ts'
import { type ClipboardEvent, type DisplayPolicy, judgeCutText } from './display-policy.ts'
import { encoding } from './encodings.ts'
import type { Framing } from './framing.ts'
import { checkSize } from './handshake.ts'

/** zlib, RLE and palettes may lengthen a rectangle; beyond this much it is no picture. */
const MAX_EXPANSION = 2
const MAX_OVERHEAD = 65_536

export interface GuestRelay {
  readonly framing: Framing
  policy(): DisplayPolicy
  report(event: ClipboardEvent): void
}

/** Resolves when the server ends the stream between two messages. @throws EngineError `rfb-protocol`. */
export async function relayGuest(from: ByteReader, to: ByteWriter, relay: GuestRelay): Promise<void> {
  for (let type = await from.byte(); type !== null; type = await from.byte()) {
    switch (type) {
      case 0:
        await relayUpdate(from, to, relay.framing)
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
  }
}

async function relayUpdate(from: ByteReader, to: ByteWriter, framing: Framing): Promise<void> {
  const head = await from.exactly(3)
  await to.write(Uint8Array.of(0, ...head))
  for (let missing = viewOf(head).getUint16(1); missing > 0; missing--) await relayRectangle(from, to, framing)
}

async function relayRectangle(from: ByteReader, to: ByteWriter, framing: Framing): Promise<void> {
  const head = await from.exactly(12)
  const view = viewOf(head)
  const width = view.getUint16(4)
  const height = view.getUint16(6)
  const kind = view.getInt32(8)
  if (!framing.isOffered(kind)) throw new EngineError('rfb-protocol', `a rectangle in encoding \`${kind}\`, which was never offered`)
  checkSize(width, height)
  await to.write(head)
  const pixels = width * height * framing.bytesPerPixel
  switch (kind) {
    case encoding.raw:
      return pass(from, to, pixels)
    case encoding.copyRect:
      return pass(from, to, 4)
    case encoding.zlib:
    case encoding.zrle:
      return relayCompressed(from, to, pixels * MAX_EXPANSION + MAX_OVERHEAD)
    case encoding.cursor:
      return pass(from, to, pixels + Math.ceil(width / 8) * height)
    case encoding.extendedDesktopSize:
      return relayScreens(from, to)
    case encoding.qemuExtendedKeys:
      framing.extendedKeys = true
      return
    case encoding.desktopSize:
    case encoding.qemuPointerMotion:
      return
    default:
      throw new EngineError('rfb-protocol', `a rectangle in encoding \`${kind}\`, whose length is not known`)
  }
}

async function relayCompressed(from: ByteReader, to: ByteWriter, most: number): Promise<void> {
  const head = await from.exactly(4)
  const length = viewOf(head).getUint32(0)
  if (length > most) throw new EngineError('rfb-protocol', `a compressed rectangle of \`${length}\` bytes, expected at most ${most}`)
  await to.write(head)
  await pass(from, to, length)
}

async function relayScreens(from: ByteReader, to: ByteWriter): Promise<void> {
  const head = await from.exactly(4)
  await to.write(head)
  await pass(from, to, 16 * viewOf(head).getUint8(0))
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
