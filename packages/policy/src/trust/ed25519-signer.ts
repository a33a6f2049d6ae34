// SPDX-License-Identifier: Apache-2.0
import { PolicyError } from '../error.ts'
import { encodeBase64url } from './base64url.ts'
import { type EdPublicJwk, thumbprint } from './jwk.ts'
import type { Signer } from './token.ts'

/**
 * Signs tokens with an Ed25519 key pair out of a sealed file, by WebCrypto, under the thumbprint of its public half.
 * @param pair 32 bytes each (RFC 8032).
 * @throws PolicyError `key-invalid` when the two do not belong together.
 */
export async function ed25519Signer(pair: {
  readonly seed: Uint8Array
  readonly publicKey: Uint8Array
}): Promise<{ readonly signer: Signer; readonly publicJwk: EdPublicJwk }> {
  const publicJwk: EdPublicJwk = { kty: 'OKP', crv: 'Ed25519', x: encodeBase64url(pair.publicKey) }
  const key = await importPair({ ...publicJwk, d: encodeBase64url(pair.seed) })
  const sign = async (message: Uint8Array) => new Uint8Array(await globalThis.crypto.subtle.sign({ name: 'Ed25519' }, key, new Uint8Array(message)))
  return { signer: { alg: 'Ed25519', kid: await thumbprint(publicJwk), sign }, publicJwk }
}

async function importPair(jwk: EdPublicJwk & { readonly d: string }) {
  try {
    return await globalThis.crypto.subtle.importKey('jwk', jwk, { name: 'Ed25519' }, false, ['sign'])
  } catch {
    // The cause is dropped: it may quote the seed.
    throw new PolicyError('key-invalid', 'expected an Ed25519 key pair, found halves that do not belong together')
  }
}
