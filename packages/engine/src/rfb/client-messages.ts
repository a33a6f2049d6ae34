// SPDX-License-Identifier: Apache-2.0
//
// What a client may say after the handshake (RFC 6143, 7.5; QEMU's extended key event, rfbproto 7.5.12), parsed byte for byte.
import { EngineError } from '../error.ts'
import type { ByteReader } from '../nbd/byte-reader.ts'
import { decodePixelFormat, type PixelFormat, type Rect } from './pixel-format.ts'

export type ClientMessage =
  | { readonly type: 'set-pixel-format'; readonly format: PixelFormat }
  | { readonly type: 'set-encodings'; readonly encodings: readonly number[] }
  | { readonly type: 'update-request'; readonly incremental: boolean; readonly area: Rect }
  | { readonly type: 'key'; readonly down: boolean; readonly keysym: number }
  | { readonly type: 'extended-key'; readonly down: boolean; readonly keysym: number; readonly keycode: number }
  | { readonly type: 'pointer'; readonly x: number; readonly y: number; readonly buttons: number }
  | { readonly type: 'cut-text'; readonly text: string }

const MOST_ENCODINGS = 1024
const LONGEST_CUT_TEXT = 1024 * 1024

/** @throws EngineError `rfb-protocol` for an unknown type or a length beyond the limits. */
export async function readClientMessage(reader: ByteReader): Promise<ClientMessage> {
  const type = (await reader.read(1)).readUInt8(0)
  switch (type) {
    case 0:
      return { type: 'set-pixel-format', format: decodePixelFormat((await reader.read(19)).subarray(3)) }
    case 2:
      return { type: 'set-encodings', encodings: await readEncodings(reader) }
    case 3:
      return toUpdateRequest(await reader.read(9))
    case 4: {
      const body = await reader.read(7)
      return { type: 'key', down: toFlag(body.readUInt8(0)), keysym: body.readUInt32BE(3) }
    }
    case 5: {
      const body = await reader.read(5)
      return { type: 'pointer', buttons: body.readUInt8(0), x: body.readUInt16BE(1), y: body.readUInt16BE(3) }
    }
    case 6:
      return { type: 'cut-text', text: await readCutText(reader) }
    case 255:
      return toExtendedKey(await reader.read(11))
    default:
      throw new EngineError('rfb-protocol', `RFB client message \`${type}\` is unknown`)
  }
}

async function readEncodings(reader: ByteReader): Promise<number[]> {
  const count = (await reader.read(3)).readUInt16BE(1)
  if (count > MOST_ENCODINGS) throw new EngineError('rfb-protocol', `${count} RFB encodings, at most ${MOST_ENCODINGS} are taken`)
  const list = await reader.read(count * 4)
  return Array.from({ length: count }, (_, index) => list.readInt32BE(index * 4))
}

function toUpdateRequest(body: Buffer): ClientMessage {
  const area = { x: body.readUInt16BE(1), y: body.readUInt16BE(3), width: body.readUInt16BE(5), height: body.readUInt16BE(7) }
  return { type: 'update-request', incremental: toFlag(body.readUInt8(0)), area }
}

async function readCutText(reader: ByteReader): Promise<string> {
  const length = (await reader.read(7)).readUInt32BE(3)
  if (length > LONGEST_CUT_TEXT) throw new EngineError('rfb-protocol', `cut text of ${length} bytes, at most ${LONGEST_CUT_TEXT} are taken`)
  return (await reader.read(length)).toString('latin1')
}

function toExtendedKey(body: Buffer): ClientMessage {
  const subtype = body.readUInt8(0)
  if (subtype !== 0) throw new EngineError('rfb-protocol', `QEMU client message \`${subtype}\` is unknown`)
  return { type: 'extended-key', down: body.readUInt16BE(1) !== 0, keysym: body.readUInt32BE(3), keycode: body.readUInt32BE(7) }
}

function toFlag(byte: number): boolean {
  return byte !== 0
}
