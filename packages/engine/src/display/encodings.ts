// SPDX-License-Identifier: Apache-2.0
//
// The RFB encodings whose framing this package can parse, of pixels Raw alone (docs/adr/0021). A viewer may offer more; the server is told of
// these only.
import { viewOf } from './byte-reader.ts'

/** RFC 6143 7.7 and 7.8, the RFB community registry (ExtendedDesktopSize) and QEMU's `docs/interop/vnc` numbers. */
export const encoding = {
  raw: 0,
  desktopSize: -223,
  cursor: -239,
  qemuPointerMotion: -257,
  qemuExtendedKeys: -258,
  extendedDesktopSize: -308,
} as const

const parsed: ReadonlySet<number> = new Set(Object.values(encoding))

/** Pseudo-encodings -256 to -247 ask for a compression level and frame nothing. */
const isCompressionLevel = (number: number): boolean => number >= -256 && number <= -247

/** `list` without what cannot be parsed, in the viewer's order; Raw is always there (RFC 6143 7.5.2 lets a server use it anyway). */
export function allowEncodings(list: readonly number[]): readonly number[] {
  const allowed = [...new Set(list.filter((number) => parsed.has(number) || isCompressionLevel(number)))]
  return allowed.includes(encoding.raw) ? allowed : [...allowed, encoding.raw]
}

/** SetEncodings (RFC 6143 7.5.2). */
export function encodeSetEncodings(list: readonly number[]): Uint8Array {
  const message = new Uint8Array(4 + 4 * list.length)
  const view = viewOf(message)
  view.setUint8(0, 2)
  view.setUint16(2, list.length)
  list.forEach((number, index) => {
    view.setInt32(4 + 4 * index, number)
  })
  return message
}
