// SPDX-License-Identifier: Apache-2.0
import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { decodeBase64url } from '@casemate/policy/base64url'
import type { Argon2idParams } from '@casemate/policy/passphrase'
import { type SealedSecret, sealKey } from '@casemate/policy/sealed-key'
import { derivePassphraseKey } from '../access/derive-passphrase-key.ts'
import { keyIdOf, type Signer } from '../publish/key.ts'

type KeyPair = Extract<SealedSecret, { readonly seed: Uint8Array }>

/** A fresh Ed25519 key pair under its TUF id. */
export function newKeyPair<K extends KeyPair['kind']>(kind: K) {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const seed = decodeBase64url(privateKey.export({ format: 'jwk' }).d ?? '')
  const raw = decodeBase64url(publicKey.export({ format: 'jwk' }).x ?? '')
  return { kind, seed, publicKey: raw, keyId: keyIdOf(raw) }
}

/** Signs what a TUF role signs. */
export function roleSigner({ seed, publicKey, keyId }: Pick<KeyPair, 'seed' | 'publicKey' | 'keyId'>): Signer {
  const jwk = { kty: 'OKP', crv: 'Ed25519', d: Buffer.from(seed).toString('base64url'), x: Buffer.from(publicKey).toString('base64url') }
  const key = createPrivateKey({ format: 'jwk', key: jwk })
  return { keyId, publicKey, sign: (bytes) => new Uint8Array(sign(null, bytes, key)) }
}

/** The text of a sealed key file. @param cost of each guess of the passphrase; what is recommended without it. */
export async function sealSecret(secret: SealedSecret, passphrase: string, cost?: Argon2idParams): Promise<string> {
  const random = (length: number) => new Uint8Array(randomBytes(length))
  return await sealKey(secret, passphrase, { derive: derivePassphraseKey, random, ...(cost === undefined ? {} : { params: cost }) })
}
