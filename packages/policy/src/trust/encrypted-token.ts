// SPDX-License-Identifier: Apache-2.0
//
// The one way in which this product encrypts something for a device (JWE compact, RFC 7516): ECDH-ES+A256KW and A256GCM, done here
// over DeviceKey, since a key in a TPM has no other way in. It says nothing about the sender: what it carries is believed only where
// the token around it is signed.
import { z } from 'zod'
import { PolicyError } from '../error.ts'
import { canonicalJson } from '../model/canonical-json.ts'
import { decodeBase64url, encodeBase64url } from './base64url.ts'
import type { KeyAgreement } from './device-key.ts'
import { type EcPublicJwk, ecPublicJwk, thumbprint } from './jwk.ts'
import { readHeader, splitToken } from './token.ts'

const { subtle } = globalThis.crypto
const alg = 'ECDH-ES+A256KW'
const enc = 'A256GCM'
const jweBytes = 16_384
const header = z.strictObject({
  alg: z.string(),
  enc: z.string(),
  typ: z.string(),
  kid: z.string().min(1).max(128),
  epk: ecPublicJwk,
})

export interface Encryption {
  readonly typ: string
  readonly recipient: EcPublicJwk
  /** For this one message. */
  readonly ephemeral: KeyAgreement
  /** Gives that many fresh random bytes. */
  readonly random: (length: number) => Uint8Array
}

export async function encryptToken(plain: Uint8Array, { typ, recipient, ephemeral, random }: Encryption): Promise<string> {
  const head = canonicalJson({ alg, enc, typ, kid: await thumbprint(recipient), epk: { ...ephemeral.agreementJwk } })
  const protectedHeader = encodeBase64url(new TextEncoder().encode(head))
  const [cek, iv] = [new Uint8Array(random(32)), new Uint8Array(random(12))]
  const kek = await deriveKek(ephemeral, recipient)
  const content = await subtle.importKey('raw', cek, 'AES-GCM', true, ['encrypt'])
  const wrapped = new Uint8Array(await subtle.wrapKey('raw', content, kek, 'AES-KW'))
  const sealed = new Uint8Array(await subtle.encrypt(gcm(iv, protectedHeader), content, new Uint8Array(plain)))
  return [
    protectedHeader,
    ...[wrapped, iv, sealed.subarray(0, sealed.byteLength - 16), sealed.subarray(sealed.byteLength - 16)].map(encodeBase64url),
  ].join('.')
}

/**
 * Checks, in this order: 1 `token-size`; 2 `token-form`; 3 `token-crit`, `token-header`; 4 `token-typ`; 5 `token-alg`; 6 `token-key`
 * (another recipient); 7 `token-decryption`.
 * @throws PolicyError with the code of the first check that fails.
 */
export async function decryptToken(token: string, { typ, key }: { readonly typ: string; readonly key: KeyAgreement }): Promise<Uint8Array> {
  const [head, wrapped, iv, ciphertext, tag] = splitToken(token, 5, jweBytes)
  const found = readHeader(head, header)
  if (found.typ !== typ) throw new PolicyError('token-typ', `expected a \`${typ}\`, found \`${found.typ}\``)
  if (found.alg !== alg || found.enc !== enc) {
    throw new PolicyError('token-alg', `expected \`${alg}\` and \`${enc}\`, found \`${found.alg}\` and \`${found.enc}\``)
  }
  const own = await thumbprint(key.agreementJwk)
  if (found.kid !== own) throw new PolicyError('token-key', `expected a \`${typ}\` for \`${own}\`, found one for \`${found.kid}\``)
  const [nonce, mac] = [decodeBase64url(iv), decodeBase64url(tag)]
  // RFC 7518, 5.3: 96 bits and 128 bits; WebCrypto would take other lengths.
  if (nonce.byteLength !== 12 || mac.byteLength !== 16)
    throw new PolicyError('token-decryption', `this \`${typ}\` has an IV or tag of a wrong length`)
  try {
    const kek = await deriveKek(key, found.epk)
    const content = await subtle.unwrapKey('raw', decodeBase64url(wrapped), kek, 'AES-KW', 'AES-GCM', false, ['decrypt'])
    return new Uint8Array(await subtle.decrypt(gcm(nonce, head), content, new Uint8Array([...decodeBase64url(ciphertext), ...mac])))
  } catch (cause) {
    throw new PolicyError('token-decryption', `this \`${typ}\` does not open under the key of \`${own}\``, cause)
  }
}

/** Thumbprint of the key that it was made for, by its own header, which nothing vouches for yet. @throws PolicyError `token-size`, `-form`, `-crit`, `-header` */
export function recipientOf(token: string): string {
  const [head] = splitToken(token, 5, jweBytes)
  return readHeader(head, header).kid
}

function gcm(iv: Uint8Array<ArrayBuffer>, protectedHeader: string) {
  return { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(protectedHeader), tagLength: 128 }
}

/** Concat KDF, one round (RFC 7518, 4.6.2): empty party info, 256 bits. */
async function deriveKek(own: KeyAgreement, peer: EcPublicJwk) {
  const shared = await own.agree(peer)
  const algorithm = new TextEncoder().encode(alg)
  const input = Uint8Array.of(...uint32(1), ...shared, ...uint32(algorithm.byteLength), ...algorithm, ...uint32(0), ...uint32(0), ...uint32(256))
  return subtle.importKey('raw', await subtle.digest('SHA-256', input), 'AES-KW', false, ['wrapKey', 'unwrapKey'])
}

function uint32(value: number): readonly number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]
}
