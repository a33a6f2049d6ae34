// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { PolicyError } from '../error.ts'
import { decodeBase64url } from './base64url.ts'

export interface Argon2idParams {
  readonly memoryKiB: number
  readonly passes: number
  readonly lanes: number
}

/** argon2id (RFC 9106, version 0x13, no secret, no associated data) with a tag of 32 bytes. */
export type DerivePassphraseKey = (passphrase: Uint8Array, salt: Uint8Array, params: Argon2idParams) => Promise<Uint8Array>

/** RFC 9106, section 4, the second recommended option. */
export const recommendedParams: Argon2idParams = { memoryKiB: 65_536, passes: 3, lanes: 4 }

/** A byte string of that length as base64url. */
export const bytesText = (length: number) => z.string().refine((text) => isBytes(text, length), `expected ${length} bytes as base64url`)

/** Bounded both ways: no file makes its reader allocate more than 256 MiB, and none is weaker than what sealing allows. */
export const argon2idRecord = z.strictObject({
  name: z.literal('argon2id'),
  memoryKiB: z.int().min(19_456).max(262_144),
  passes: z.int().min(2).max(10),
  lanes: z.int().min(1).max(8),
  salt: bytesText(16),
})

export type Argon2idRecord = z.infer<typeof argon2idRecord>

/**
 * 32 bytes out of a typed text. NFKC first, so that one passphrase typed on two keyboards gives the same bytes (RFC 8265).
 * @throws PolicyError `key-invalid` when `derive` gives another length.
 */
export async function derivePassphraseKey(passphrase: string, record: Argon2idRecord, derive: DerivePassphraseKey): Promise<Uint8Array<ArrayBuffer>> {
  const { memoryKiB, passes, lanes, salt } = record
  const typed = new TextEncoder().encode(passphrase.normalize('NFKC'))
  const tag = new Uint8Array(await derive(typed, decodeBase64url(salt), { memoryKiB, passes, lanes }))
  if (tag.byteLength !== 32) throw new PolicyError('key-invalid', `expected a derived key of 32 bytes, found ${tag.byteLength}`)
  return tag
}

function isBytes(text: string, length: number): boolean {
  try {
    return decodeBase64url(text).byteLength === length
  } catch (error) {
    if (error instanceof PolicyError) return false
    throw error
  }
}
