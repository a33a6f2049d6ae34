// SPDX-License-Identifier: Apache-2.0
//
// Viewer to server (RFC 6143 7.5 and QEMU's extended key event): every message is parsed, judged by the policy of that moment and
// passed on whole, rewritten or not at all. What is not known ends the connection.
import { EngineError } from '../error.ts'
import { type ByteReader, viewOf } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { cutTextLength, readCutText } from './cut-text.ts'
import type { DesktopSizes } from './desktop-size.ts'
import { type ClipboardEvent, type DisplayPolicy, judgeCutText } from './display-policy.ts'
import { allowEncodings, encodeSetEncodings } from './encodings.ts'
import { checkPixelFormat, type Framing } from './framing.ts'
import type { GuestInput } from './guest-input.ts'
import { EXTENDED_KEY_EVENT_BYTES, KEY_EVENT_BYTES } from './key-event.ts'

const MAX_ENCODINGS = 1024

export interface ViewerRelay {
  readonly framing: Framing
  readonly input: GuestInput
  readonly sizes: DesktopSizes
  /** A guest without a clipboard agent gets its pastes typed. */
  readonly paste: 'forward' | 'type'
  policy(): DisplayPolicy
  report(event: ClipboardEvent): void
}

/** Resolves when the viewer ends the stream between two messages. @throws EngineError `rfb-protocol`. */
export async function relayViewer(from: ByteReader, to: ByteWriter, relay: ViewerRelay): Promise<void> {
  for (let type = await from.byte(); type !== null; type = await from.byte()) {
    switch (type) {
      case 0:
        await to.write(await pixelFormat(from))
        break
      case 2:
        await to.write(await encodings(from, relay.framing))
        relay.sizes.offered()
        break
      case 3:
        relay.framing.requested()
        await to.write(await message(3, from, 10))
        break
      case 4:
        await relayKey(from, relay)
        break
      case 5:
        await relayPointer(from, relay)
        break
      case 6:
        await relayCutText(from, to, relay)
        break
      case 251:
        await relayDesktopSize(from, relay)
        break
      case 255:
        await relayExtendedKey(from, relay)
        break
      default:
        throw new EngineError('rfb-protocol', `the viewer sent message type \`${type}\`, expected 0, 2 to 6, 251 or 255`)
    }
  }
}

/** The message whole: its type, which is read, and the rest, which is not. */
async function message(type: number, from: ByteReader, length: number): Promise<Uint8Array> {
  const whole = new Uint8Array(length)
  whole[0] = type
  whole.set(await from.exactly(length - 1), 1)
  return whole
}

async function pixelFormat(from: ByteReader): Promise<Uint8Array> {
  const whole = await message(0, from, 20)
  checkPixelFormat(whole.subarray(4))
  return whole
}

async function encodings(from: ByteReader, framing: Framing): Promise<Uint8Array> {
  const count = viewOf(await from.exactly(3)).getUint16(1)
  if (count > MAX_ENCODINGS) throw new EngineError('rfb-protocol', `\`${count}\` encodings, expected at most ${MAX_ENCODINGS}`)
  const view = viewOf(await from.exactly(4 * count))
  const allowed = allowEncodings(Array.from({ length: count }, (_, index) => view.getInt32(4 * index)))
  framing.offer(allowed)
  return encodeSetEncodings(allowed)
}

async function relayKey(from: ByteReader, relay: ViewerRelay): Promise<void> {
  const whole = await message(4, from, KEY_EVENT_BYTES)
  if (relay.policy().input === 'allowed') await relay.input.key(whole)
}

async function relayExtendedKey(from: ByteReader, relay: ViewerRelay): Promise<void> {
  const whole = await message(255, from, EXTENDED_KEY_EVENT_BYTES)
  if (whole[1] !== 0) throw new EngineError('rfb-protocol', `QEMU submessage \`${whole[1]}\`, expected 0 (extended key event)`)
  if (relay.policy().input === 'allowed') await relay.input.key(whole)
}

async function relayPointer(from: ByteReader, relay: ViewerRelay): Promise<void> {
  const whole = await message(5, from, 6)
  if (relay.policy().input === 'allowed') await relay.input.pointer(whole)
}

/** SetDesktopSize of the community registry. */
async function relayDesktopSize(from: ByteReader, relay: ViewerRelay): Promise<void> {
  const head = await from.exactly(7)
  const screens = await from.exactly(16 * viewOf(head).getUint8(5))
  relay.sizes.ask(Buffer.concat([Uint8Array.of(251), head, screens]))
}

async function relayCutText(from: ByteReader, to: ByteWriter, relay: ViewerRelay): Promise<void> {
  const head = await from.exactly(7)
  const bytes = cutTextLength(head)
  const report = (outcome: ClipboardEvent['outcome']) => relay.report({ direction: 'to-guest', bytes, outcome })
  const text = await readCutText(from, bytes, () => judgePaste(relay, bytes))
  if (!(text instanceof Uint8Array)) return report(text)
  if (relay.paste === 'forward') {
    await to.write(Buffer.concat([Uint8Array.of(6), head, text]))
    return report('passed')
  }
  // Not awaited: the picture must go on while a paste is typed.
  relay.input.type(text).then(report)
}

/** A typed paste is input as well. */
function judgePaste(relay: ViewerRelay, bytes: number): 'allowed' | 'refused' | 'too-large' {
  const policy = relay.policy()
  if (relay.paste === 'type' && policy.input === 'refused') return 'refused'
  return judgeCutText(policy.clipboard.toGuest, bytes)
}
