// SPDX-License-Identifier: Apache-2.0
//
// 32 secret bytes under a password: argon2id (RFC 9106) gives the key, AES key wrap (RFC 3394) knows a wrong one by itself.
import { z } from 'zod'
import { PolicyError } from '../error.ts'
import { decodeBase64url, encodeBase64url } from './base64url.ts'
import { type Argon2idParams, argon2idRecord, bytesText, type DerivePassphraseKey, derivePassphraseKey, recommendedParams } from './passphrase.ts'

export const underPassword = z.strictObject({ kdf: argon2idRecord, wrapped: bytesText(40) })
export type UnderPassword = z.infer<typeof underPassword>

export interface PasswordWrapping {
  readonly text: string
  readonly derive: DerivePassphraseKey
  readonly params?: Argon2idParams
}

/** @param key 32 bytes. @param random gives that many fresh random bytes. */
export async function wrapUnderPassword(key: Uint8Array, password: PasswordWrapping, random: (length: number) => Uint8Array): Promise<UnderPassword> {
  const { memoryKiB, passes, lanes } = password.params ?? recommendedParams
  const kdf = argon2idRecord.parse({ name: 'argon2id', memoryKiB, passes, lanes, salt: encodeBase64url(random(16)) })
  const { subtle } = globalThis.crypto
  const kek = await subtle.importKey('raw', await derivePassphraseKey(password.text, kdf, password.derive), 'AES-KW', false, ['wrapKey'])
  const inner = await subtle.importKey('raw', new Uint8Array(key), 'AES-GCM', true, ['encrypt'])
  return { kdf, wrapped: encodeBase64url(new Uint8Array(await subtle.wrapKey('raw', inner, kek, 'AES-KW'))) }
}

/** @throws PolicyError `password-wrong` with `message`. */
export async function unwrapUnderPassword(
  { kdf, wrapped }: UnderPassword,
  password: Pick<PasswordWrapping, 'text' | 'derive'>,
  message: string,
): Promise<Uint8Array> {
  const { subtle } = globalThis.crypto
  const kek = await subtle.importKey('raw', await derivePassphraseKey(password.text, kdf, password.derive), 'AES-KW', false, ['unwrapKey'])
  try {
    const key = await subtle.unwrapKey('raw', decodeBase64url(wrapped), kek, 'AES-KW', 'AES-GCM', true, ['decrypt'])
    return new Uint8Array(await subtle.exportKey('raw', key))
  } catch {
    throw new PolicyError('password-wrong', message)
  }
}
