// SPDX-License-Identifier: Apache-2.0
//
// What a client sends, as bytes (RFC 6143 section 7.5; QEMU's extended key event from the RFB community specification).
import type { Rectangle } from './frame.ts'
import type { Key } from './us-keyboard.ts'

export const ENCODING = { raw: 0, desktopSize: -223, extendedKeyEvent: -258 } as const

/** 32 bits, depth 24, little-endian, red at bit 16: bytes come as blue, green, red, unused. */
export function setPixelFormat(): Buffer {
  const message = Buffer.alloc(20)
  message.set([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0], 4)
  return message
}

export function setEncodings(encodings: readonly number[]): Buffer {
  const message = Buffer.alloc(4 + encodings.length * 4)
  message[0] = 2
  message.writeUInt16BE(encodings.length, 2)
  for (const [index, encoding] of encodings.entries()) message.writeInt32BE(encoding, 4 + index * 4)
  return message
}

export function requestUpdate(incremental: boolean, { x, y, width, height }: Rectangle): Buffer {
  const message = Buffer.alloc(10)
  message.set([3, incremental ? 1 : 0])
  for (const [index, value] of [x, y, width, height].entries()) message.writeUInt16BE(value, 2 + index * 2)
  return message
}

export function keyEvent({ keysym }: Key, down: boolean): Buffer {
  const message = Buffer.alloc(8)
  message.set([4, down ? 1 : 0])
  message.writeUInt32BE(keysym, 4)
  return message
}

export function extendedKeyEvent({ keysym, scanCode }: Key, down: boolean): Buffer {
  const message = Buffer.alloc(12)
  message.set([255, 0])
  message.writeUInt16BE(down ? 1 : 0, 2)
  message.writeUInt32BE(keysym, 4)
  message.writeUInt32BE(scanCode, 8)
  return message
}

/** `buttons`: bit 0 left, 1 middle, 2 right, 3 and 4 wheel up and down. */
export function pointerEvent(x: number, y: number, buttons: number): Buffer {
  const message = Buffer.alloc(6)
  message.set([5, buttons])
  message.writeUInt16BE(x, 2)
  message.writeUInt16BE(y, 4)
  return message
}

/** Latin-1, as RFC 6143 section 7.5.6 says. */
export function clientCutText(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  const message = Buffer.alloc(8 + bytes.length)
  message[0] = 6
  message.writeUInt32BE(bytes.length, 4)
  bytes.copy(message, 8)
  return message
}
