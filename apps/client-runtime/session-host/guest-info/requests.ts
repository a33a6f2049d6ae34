// SPDX-License-Identifier: Apache-2.0
//
// Lines that a guest sends over `guestinfo.*` (PO-20, docs/guestinfo.md), and what answers them. Every byte is the guest's.
import { guestInfoName } from '../../local-api.ts'

/** Stable codes, told to the guest behind `ERR`. */
export type GuestInfoRefusal = 'malformed' | 'not-listed' | 'no-value' | 'no-room' | 'not-text' | 'too-large' | 'too-many'

export type GuestInfoRequest =
  | { readonly op: 'list' }
  | { readonly op: 'get'; readonly name: string }
  | { readonly op: 'set'; readonly name: string; readonly value: string }

const MOST_NAME_BYTES = 64
const newline = 0x0a

/** The longest line of a request without its end: a value of `maxBytes` under the longest name, and a carriage return. */
export function lineBytes(maxBytes: number): number {
  return 'SET '.length + MOST_NAME_BYTES + 1 + Math.ceil(maxBytes / 3) * 4 + 1
}

/** Cuts what comes into lines; never holds more than one of them. */
export class RequestLines {
  #rest = Buffer.alloc(0)

  /** @returns whole lines without their ends, and then whether the one that follows is too long already */
  take(chunk: Uint8Array, most: number): { readonly lines: readonly Buffer[]; readonly tooLong: boolean } {
    let rest = Buffer.concat([this.#rest, chunk])
    const lines: Buffer[] = []
    for (let end = rest.indexOf(newline); end >= 0 && end <= most; end = rest.indexOf(newline)) {
      lines.push(rest.subarray(0, end))
      rest = rest.subarray(end + 1)
    }
    const end = rest.indexOf(newline)
    const tooLong = end > most || (end < 0 && rest.length > most)
    this.#rest = tooLong ? Buffer.alloc(0) : Buffer.from(rest)
    return { lines, tooLong }
  }
}

/** @param maxBytes of a value, decoded */
export function readRequest(line: Buffer, maxBytes: number): GuestInfoRequest | GuestInfoRefusal {
  const [op, name, encoded, ...more] = line.toString('latin1').replace(/\r$/, '').split(' ')
  if (op === 'LIST' && name === undefined) return { op: 'list' }
  if (name === undefined || !guestInfoName.safeParse(name).success || more.length > 0) return 'malformed'
  if (op === 'GET' && encoded === undefined) return { op: 'get', name }
  if (op !== 'SET' || encoded === undefined || encoded === '') return 'malformed'
  const bytes = Buffer.from(encoded, 'base64')
  // Node.js takes more than the one form of a value (RFC 4648 section 4).
  if (bytes.toString('base64') !== encoded) return 'malformed'
  if (bytes.length > maxBytes) return 'too-large'
  const value = textOf(bytes)
  return value === null ? 'not-text' : { op: 'set', name, value }
}

export const encoded = (value: string): string => Buffer.from(value, 'utf8').toString('base64')

function textOf(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}
