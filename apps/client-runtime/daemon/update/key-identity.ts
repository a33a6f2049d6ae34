// SPDX-License-Identifier: Apache-2.0
import { createPublicKey, type KeyObject } from 'node:crypto'
import { UpdateError } from './error.ts'
import type { KeyTable } from './metadata-schema.ts'

/**
 * One text for one public key, however it is written: tuf-js takes PEM, DER in any letter case of hex, and two spellings of one key
 * must not pass for two keys.
 * @throws UpdateError `metadata-invalid` for a kind of key that tuf-js does not verify with, or text that is no key.
 */
export function keyIdentity(keyId: string, { keytype, scheme, keyval }: KeyTable[string]): string {
  try {
    const { kty, crv, x, y, n, e } = publicKeyOf(keytype, keyval.public).export({ format: 'jwk' })
    return JSON.stringify([kty, crv, x, y, n, e])
  } catch (cause) {
    throw new UpdateError(
      'metadata-invalid',
      `expected a public key under \`${keyId}\`, found \`${keytype}\`, \`${scheme}\` that cannot be read`,
      cause,
    )
  }
}

function publicKeyOf(keytype: string, text: string): KeyObject {
  if (text.startsWith('-----BEGIN PUBLIC KEY-----')) return createPublicKey(text)
  if (keytype === 'ed25519' && /^[0-9a-fA-F]{64}$/.test(text)) {
    return createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(text, 'hex').toString('base64url') } })
  }
  throw new TypeError('expected a PEM public key, or the hex of an Ed25519 key')
}
