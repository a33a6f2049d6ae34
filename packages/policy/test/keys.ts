// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto'
import nacl from 'tweetnacl'
import { ed25519Signer } from '../src/trust/ed25519-signer.ts'

export const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))

/** A console key, by default a fresh one. */
export async function consoleKey(seed: Uint8Array = random(32)) {
  const { publicKey } = nacl.sign.keyPair.fromSeed(seed)
  const { signer, publicJwk } = await ed25519Signer({ seed, publicKey })
  return { seed, publicKey, signer, publicJwk, keys: (kid: string) => (kid === signer.kid ? publicJwk : undefined) }
}
