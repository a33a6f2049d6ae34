// SPDX-License-Identifier: Apache-2.0
//
// The sealed form of a suspended VM:
//
//   magic (16) | salt (32) | SHA-256 of the binding (32) | HMAC of these (32) | segments
//
// A segment is AES-256-GCM over 256 KiB of plain bytes (the last one may be shorter) and its 16-byte tag; the nonce is an 11-byte counter and a
// byte that is 1 on the last segment (the STREAM construction, as in C2SP age). Every file has keys of its own by HKDF from the caller's key and
// the salt, so no nonce meets two messages, and segments of two files never mix. It does not hide the length, and cannot tell an old file from a new.
import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { EngineError } from '../error.ts'

const magic = Buffer.from('casemate-state-1', 'ascii')
const saltOffset = magic.length
const bindingOffset = saltOffset + 32
const macOffset = bindingOffset + 32

export const headerLength = macOffset + 32
export const saltLength = 32
export const segmentLength = 256 * 1024
export const tagLength = 16

export interface StateKeys {
  readonly header: Uint8Array
  readonly segments: Uint8Array
}

/** Both keys of one file. @throws RangeError unless `key` has 32 bytes. */
export function deriveStateKeys(key: Uint8Array, salt: Uint8Array): StateKeys {
  if (key.length !== 32) throw new RangeError(`a state key has 32 bytes, found ${key.length}`)
  const derive = (use: string): Uint8Array => new Uint8Array(hkdfSync('sha256', key, salt, `casemate-state-1|${use}`, 32))
  return { header: derive('header'), segments: derive('segments') }
}

export function encodeHeader(keys: StateKeys, salt: Uint8Array, binding: string): Uint8Array {
  const named = Buffer.concat([magic, salt, bindingDigest(binding)])
  return Buffer.concat([named, macOf(keys, named)])
}

/** The salt that stands in the first `headerLength` bytes of a state. @throws EngineError `state-altered` if they are no header. */
export function parseSalt(header: Uint8Array): Uint8Array {
  if (header.length !== headerLength || !magic.equals(header.subarray(0, saltOffset))) {
    throw new EngineError('state-altered', 'the file does not begin with the header of a suspended state')
  }
  return header.slice(saltOffset, bindingOffset)
}

/** @throws EngineError `state-altered` if the key did not make this header; `state-mismatch` if it did, under another binding. */
export function verifyHeader(keys: StateKeys, header: Uint8Array, binding: string): void {
  verifySealed(keys, header)
  if (!bindingDigest(binding).equals(header.subarray(bindingOffset, macOffset))) {
    throw new EngineError('state-mismatch', `the suspended state was not made for \`${binding}\``)
  }
}

/** @throws EngineError `state-altered` if the key did not make this header. */
export function verifySealed(keys: StateKeys, header: Uint8Array): void {
  const mac = macOf(keys, header.subarray(0, macOffset))
  if (!timingSafeEqual(mac, header.subarray(macOffset))) throw new EngineError('state-altered', 'the header of the suspended state does not verify')
}

export function segmentNonce(index: number, last: boolean): Uint8Array {
  const nonce = Buffer.alloc(12)
  nonce.writeUIntBE(index, 5, 6)
  nonce[11] = last ? 1 : 0
  return nonce
}

function bindingDigest(binding: string): Buffer {
  return createHash('sha256').update(binding, 'utf8').digest()
}

function macOf(keys: StateKeys, named: Uint8Array): Buffer {
  return createHmac('sha256', keys.header).update(named).digest()
}
