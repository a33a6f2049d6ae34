// SPDX-License-Identifier: Apache-2.0
//
// Device keys held by WebCrypto. In use they cannot be exported; on disk they are as safe as whatever the caller seals the secret in.
// It makes no claim of hardware: a local administrator can copy such a key.
import { z } from 'zod'
import { PolicyError } from '../error.ts'
import { parseStrictJson } from '../model/strict-json.ts'
import type { DeviceKey, KeyAgreement } from './device-key.ts'
import { type EcPublicJwk, ecPublicJwk } from './jwk.ts'

const { subtle } = globalThis.crypto
const ecdsa = { name: 'ECDSA', namedCurve: 'P-256' }
const ecdh = { name: 'ECDH', namedCurve: 'P-256' }

const ecPrivateJwk = ecPublicJwk.extend({ d: ecPublicJwk.shape.x })
type EcPrivateJwk = z.infer<typeof ecPrivateJwk>

const deviceKeySecret = z.strictObject({ format: z.literal('casemate-device-key-1'), sign: ecPrivateJwk, agree: ecPrivateJwk })

type Handle = InstanceType<typeof CryptoKey>

/**
 * A new device key, and the text that {@link loadDeviceKey} makes it from again: secret, to be sealed by the caller.
 * The randomness is WebCrypto's own.
 */
export async function generateDeviceKey(): Promise<{ readonly key: DeviceKey; readonly secret: string }> {
  const [sign, agree] = await Promise.all([generatePair(ecdsa, ['sign', 'verify']), generatePair(ecdh, ['deriveBits'])])
  const secret = JSON.stringify({ format: 'casemate-device-key-1', sign, agree })
  return { key: await loadDeviceKey(secret), secret }
}

/** @throws PolicyError `key-invalid` when the text is no such secret, or a public half does not belong to its private one. */
export async function loadDeviceKey(secret: string): Promise<DeviceKey> {
  const parts = parseSecret(secret)
  const [signing, agreement] = await Promise.all([importPrivate(parts.sign, ecdsa, ['sign']), importPrivate(parts.agree, ecdh, ['deriveBits'])])
  return {
    publicJwk: publicHalf(parts.sign),
    agreementJwk: publicHalf(parts.agree),
    sign: async (message) => new Uint8Array(await subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, signing, new Uint8Array(message))),
    agree: (peer) => agreeWith(agreement, peer),
  }
}

/** A key for one message (the `epk` of a JWE), never stored. */
export async function generateEphemeralKey(): Promise<KeyAgreement> {
  const pair = await subtle.generateKey(ecdh, false, ['deriveBits'])
  const exported = await subtle.exportKey('jwk', pair.publicKey)
  return {
    agreementJwk: ecPublicJwk.parse({ kty: exported.kty, crv: exported.crv, x: exported.x, y: exported.y }),
    agree: (peer) => agreeWith(pair.privateKey, peer),
  }
}

async function generatePair(algorithm: typeof ecdsa, usages: ('sign' | 'verify' | 'deriveBits')[]): Promise<EcPrivateJwk> {
  const pair = await subtle.generateKey(algorithm, true, usages)
  if (!('privateKey' in pair)) throw new PolicyError('key-invalid', 'expected a key pair, found a single key')
  const { kty, crv, x, y, d } = await subtle.exportKey('jwk', pair.privateKey)
  return ecPrivateJwk.parse({ kty, crv, x, y, d })
}

function parseSecret(secret: string): z.infer<typeof deviceKeySecret> {
  try {
    return deviceKeySecret.parse(parseStrictJson(secret, { maxBytes: 2048, maxDepth: 3 }))
  } catch {
    // The cause is dropped: it may quote the secret.
    throw new PolicyError('key-invalid', 'expected a `casemate-device-key-1` secret, found something else')
  }
}

async function importPrivate(jwk: EcPrivateJwk, algorithm: typeof ecdsa, usages: ('sign' | 'deriveBits')[]): Promise<Handle> {
  try {
    return await subtle.importKey('jwk', { ...jwk, ext: false }, algorithm, false, usages)
  } catch {
    throw new PolicyError('key-invalid', 'expected a P-256 key pair, found halves that do not belong together')
  }
}

async function agreeWith(key: Handle, peer: EcPublicJwk): Promise<Uint8Array> {
  let point: Handle
  try {
    point = await subtle.importKey('jwk', peer, ecdh, false, [])
  } catch (cause) {
    throw new PolicyError('key-invalid', 'expected a point of P-256, found another', cause)
  }
  return new Uint8Array(await subtle.deriveBits({ name: 'ECDH', public: point }, key, 256))
}

function publicHalf({ kty, crv, x, y }: EcPrivateJwk): EcPublicJwk {
  return { kty, crv, x, y }
}
