// SPDX-License-Identifier: Apache-2.0
import nacl from 'tweetnacl'
import type { AdministratorKey } from './administrator-key.ts'
import { encodeBase64url } from './base64url.ts'
import { type PasswordWrapping, wrapUnderPassword } from './under-password.ts'

/** A new key for the setting `administrator-mode`. @param random gives that many fresh random bytes. */
export async function makeAdministratorKey(password: PasswordWrapping, random: (length: number) => Uint8Array): Promise<AdministratorKey> {
  const { publicKey, secretKey } = nacl.sign.keyPair.fromSeed(random(nacl.sign.seedLength))
  try {
    const wrapped = await wrapUnderPassword(secretKey.subarray(0, nacl.sign.seedLength), password, random)
    return { publicJwk: { kty: 'OKP', crv: 'Ed25519', x: encodeBase64url(publicKey) }, ...wrapped }
  } finally {
    secretKey.fill(0)
  }
}
