// SPDX-License-Identifier: Apache-2.0
//
// base64url without padding (RFC 4648, section 5). One byte string has exactly one text: spaces, padding, the other alphabet and
// set bits after the last byte are refused, so a signed text cannot be varied.
import { PolicyError } from '../error.ts'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const sextets: ReadonlyMap<string, number> = new Map([...alphabet].map((letter, value) => [letter, value]))

export function encodeBase64url(bytes: Uint8Array): string {
  let text = ''
  let held = 0
  let bits = 0
  for (const byte of bytes) {
    held = ((held & 0x3f) << 8) | byte
    bits += 8
    while (bits >= 6) {
      bits -= 6
      text += alphabet.charAt((held >> bits) & 0x3f)
    }
  }
  return bits === 0 ? text : text + alphabet.charAt((held << (6 - bits)) & 0x3f)
}

/** @throws PolicyError `base64url-invalid` for every text that {@link encodeBase64url} does not write. */
export function decodeBase64url(text: string): Uint8Array<ArrayBuffer> {
  if (text.length % 4 === 1) throw invalid(text)
  const bytes = new Uint8Array((text.length * 3) >> 2)
  let held = 0
  let bits = 0
  let at = 0
  for (const letter of text) {
    const value = sextets.get(letter)
    if (value === undefined) throw invalid(text)
    held = ((held & 0x3f) << 6) | value
    bits += 6
    if (bits < 8) continue
    bits -= 8
    bytes[at++] = (held >> bits) & 0xff
  }
  if ((held & ((1 << bits) - 1)) !== 0) throw invalid(text)
  return bytes
}

function invalid(text: string): PolicyError {
  return new PolicyError('base64url-invalid', `expected unpadded base64url, found ${text.length} characters that are not the text of any bytes`)
}
