// SPDX-License-Identifier: Apache-2.0
//
// PO-21: the key of an administrator mode as a policy carries it: its public half, and the seed of the other under the administrator's
// password. Whoever types that password at a device can sign a grant there; the policies in force say for how long and how far it counts.
import { z } from 'zod'
import { PolicyError } from '../error.ts'
import { canonicalJson } from '../model/canonical-json.ts'
import { parseStrictJson } from '../model/strict-json.ts'
import { decodeBase64url, encodeBase64url } from './base64url.ts'
import { edPublicJwk, thumbprint } from './jwk.ts'
import type { Signer } from './token.ts'
import { type PasswordWrapping, underPassword, unwrapUnderPassword } from './under-password.ts'

const administratorKey = underPassword.extend({ publicJwk: edPublicJwk })
export type AdministratorKey = z.infer<typeof administratorKey>

/** One word to be copied into a policy: base64url of the key as canonical JSON. */
export const administratorKeyText = z.string().max(1024).refine(isKey, 'expected a key from `casemate-admin policy admin-key`')

export function writeAdministratorKey(key: AdministratorKey): string {
  return encodeBase64url(new TextEncoder().encode(canonicalJson(administratorKey.parse(key))))
}

/** @throws PolicyError `key-invalid` */
export function readAdministratorKey(text: string): AdministratorKey {
  try {
    const key = administratorKey.parse(parseStrictJson(decodeBase64url(text), { maxBytes: 1024, maxDepth: 2 }))
    if (writeAdministratorKey(key) === text) return key
  } catch (cause) {
    throw new PolicyError('key-invalid', 'expected the key of an administrator mode, found something else', cause)
  }
  throw new PolicyError('key-invalid', 'expected the key of an administrator mode in its one spelling, found another')
}

/** What signs grants. @throws PolicyError `password-wrong`, `key-invalid` (the halves do not belong together). */
export async function openAdministratorKey(key: AdministratorKey, password: Pick<PasswordWrapping, 'text' | 'derive'>): Promise<Signer> {
  const seed = await unwrapUnderPassword(key, password, 'this is not the password of the administrator mode')
  const { subtle } = globalThis.crypto
  try {
    const pair = await subtle.importKey('jwk', { ...key.publicJwk, d: encodeBase64url(seed) }, { name: 'Ed25519' }, false, ['sign'])
    const sign = async (message: Uint8Array) => new Uint8Array(await subtle.sign({ name: 'Ed25519' }, pair, new Uint8Array(message)))
    return { alg: 'Ed25519', kid: await thumbprint(key.publicJwk), sign }
  } catch {
    // The cause is dropped: it may quote the seed.
    throw new PolicyError('key-invalid', 'what is under the password does not belong to the public key of the policy')
  } finally {
    seed.fill(0)
  }
}

function isKey(text: string): boolean {
  try {
    readAdministratorKey(text)
    return true
  } catch (error) {
    if (error instanceof PolicyError) return false
    throw error
  }
}
