// SPDX-License-Identifier: Apache-2.0
//
// The two key messages of a viewer: KeyEvent (RFC 6143 7.5.4) and QEMU's extended key event (client message 255, submessage 0).
import { viewOf } from './byte-reader.ts'

export const KEY_EVENT_BYTES = 8
export const EXTENDED_KEY_EVENT_BYTES = 12

/** Which key it is, whether it goes down, and the message that lets it go. */
export interface KeyChange {
  readonly key: string
  readonly down: boolean
  readonly release: Uint8Array
}

export function encodeKeyEvent(down: boolean, keysym: number): Uint8Array {
  const message = new Uint8Array(KEY_EVENT_BYTES)
  message[0] = 4
  message[1] = down ? 1 : 0
  viewOf(message).setUint32(4, keysym)
  return message
}

export function encodeExtendedKeyEvent(down: boolean, keysym: number, scanCode: number): Uint8Array {
  const message = new Uint8Array(EXTENDED_KEY_EVENT_BYTES)
  const view = viewOf(message)
  view.setUint8(0, 255)
  view.setUint16(2, down ? 1 : 0)
  view.setUint32(4, keysym)
  view.setUint32(8, scanCode)
  return message
}

/** `message` whole, with its type, either kind. A scan code of 0 leaves the choice of the key to the keysym. */
export function readKeyMessage(message: Uint8Array): KeyChange {
  const view = viewOf(message)
  const keysym = view.getUint32(4)
  if (view.getUint8(0) === 4) return { key: `sym ${keysym}`, down: view.getUint8(1) !== 0, release: encodeKeyEvent(false, keysym) }
  const scanCode = view.getUint32(8)
  return {
    key: scanCode === 0 ? `extended sym ${keysym}` : `code ${scanCode}`,
    down: view.getUint16(2) !== 0,
    release: encodeExtendedKeyEvent(false, keysym, scanCode),
  }
}
