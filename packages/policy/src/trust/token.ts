// SPDX-License-Identifier: Apache-2.0
//
// The one way in which this product signs a compact token (JWS, RFC 7515). A token has one spelling, one type, one allowed algorithm
// and only header members that we know; nothing of it is believed, not even parsed as claims, before its signature holds.
// ES256 allows a second signature of the same claims (s and n - s): never take the token's text as an identity.
import { z } from 'zod'
import { PolicyError } from '../error.ts'
import { canonicalJson } from '../model/canonical-json.ts'
import { type Json, parseStrictJson } from '../model/strict-json.ts'
import { decodeBase64url, encodeBase64url } from './base64url.ts'
import { type EcPublicJwk, type PublicJwk, thumbprint } from './jwk.ts'

/** `Ed25519` (RFC 9864) signs for the console, `ES256` for devices. */
export type TokenAlgorithm = 'Ed25519' | 'ES256'

export interface Signer {
  readonly alg: TokenAlgorithm
  /** Names the key to whoever verifies. */
  readonly kid: string
  sign(message: Uint8Array): Promise<Uint8Array>
}

export interface TokenExpectation<T> {
  /** Exactly this `typ`; it keeps a token of one use from being taken for one of another. */
  readonly typ: string
  readonly alg: TokenAlgorithm
  /** The trusted key of that id, if there is one. */
  readonly keys: (kid: string) => PublicJwk | undefined
  readonly claims: z.ZodType<T>
  /** Of the whole text. */
  readonly maxBytes?: number
}

export const tokenBytes = 262_144
const headerLimits = { maxBytes: 2_048, maxDepth: 2 }
const header = z.strictObject({ alg: z.string(), typ: z.string(), kid: z.string().min(1).max(128) })

/** `header.claims.signature`; the claims as canonical JSON. */
export async function signToken(claims: object, { typ, signer }: { readonly typ: string; readonly signer: Signer }): Promise<string> {
  const head = canonicalJson({ alg: signer.alg, kid: signer.kid, typ })
  const signed = `${encodeText(head)}.${encodeText(canonicalJson(claims))}`
  return `${signed}.${encodeBase64url(await signer.sign(new TextEncoder().encode(signed)))}`
}

/** A device signs under the thumbprint of its own key. */
export async function deviceSigner(key: { readonly publicJwk: EcPublicJwk; sign(message: Uint8Array): Promise<Uint8Array> }): Promise<Signer> {
  return { alg: 'ES256', kid: await thumbprint(key.publicJwk), sign: (message) => key.sign(message) }
}

/**
 * The claims of a token that holds. Checks, in this order: 1 `token-size`; 2 `token-form` (three parts, each the one base64url text of
 * its bytes); 3 `token-header` (strict JSON, no unknown member; `token-crit` for any `crit`); 4 `token-typ`; 5 `token-alg`;
 * 6 `token-key` (no trusted key of that id, or one of another kind); 7 `token-signature`; 8 `token-claims` (strict JSON of the schema).
 * @throws PolicyError with the code of the first check that fails.
 */
export async function verifyToken<T>(token: string, expected: TokenExpectation<T>): Promise<{ readonly claims: T; readonly kid: string }> {
  const [head, body, signature] = splitToken(token, 3, expected.maxBytes ?? tokenBytes)
  const { alg, typ, kid } = readHeader(head, header)
  if (typ !== expected.typ) throw new PolicyError('token-typ', `expected a \`${expected.typ}\`, found \`${typ}\``)
  if (alg !== expected.alg) throw new PolicyError('token-alg', `expected \`${expected.alg}\` under a \`${typ}\`, found \`${alg}\``)
  const key = expected.keys(kid)
  if (key === undefined || (key.kty === 'OKP') !== (alg === 'Ed25519')) {
    throw new PolicyError('token-key', `expected a trusted \`${alg}\` key under a \`${typ}\`, found \`${kid}\``)
  }
  const message = new TextEncoder().encode(token.slice(0, token.lastIndexOf('.')))
  if (!(await verifySignature(key, decodeBase64url(signature), message))) {
    throw new PolicyError('token-signature', `the signature of this \`${typ}\` is not that of \`${kid}\``)
  }
  return { claims: readClaims(body, typ, expected.claims), kid }
}

/** @throws PolicyError `token-size` or `token-form`. */
export function splitToken(token: string, count: 3, maxBytes: number): readonly [string, string, string]
export function splitToken(token: string, count: 5, maxBytes: number): readonly [string, string, string, string, string]
export function splitToken(token: string, count: number, maxBytes: number): readonly string[] {
  if (token.length > maxBytes) throw new PolicyError('token-size', `expected a token of at most ${maxBytes} characters, found ${token.length}`)
  const parts = token.split('.', count + 1)
  if (parts.length !== count || !parts.every(isPart)) {
    throw new PolicyError('token-form', `expected ${count} parts of base64url between dots, found something else`)
  }
  return parts
}

/** @throws PolicyError `token-crit` or `token-header`. */
export function readHeader<T>(part: string, schema: z.ZodType<T>): T {
  const value = parseJson(part, 'token-header', headerLimits)
  if (value !== null && typeof value === 'object' && Object.hasOwn(value, 'crit')) {
    throw new PolicyError('token-crit', 'expected a token without critical extensions, found `crit`')
  }
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw new PolicyError('token-header', `expected a header of ours: ${z.prettifyError(parsed.error)}`, parsed.error)
  return parsed.data
}

function readClaims<T>(part: string, typ: string, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(parseJson(part, 'token-claims', { maxBytes: tokenBytes, maxDepth: 12 }))
  if (!parsed.success) throw new PolicyError('token-claims', `expected the claims of a \`${typ}\`: ${z.prettifyError(parsed.error)}`, parsed.error)
  return parsed.data
}

function parseJson(part: string, code: 'token-header' | 'token-claims', limits: { maxBytes: number; maxDepth: number }): Json {
  try {
    return parseStrictJson(decodeBase64url(part), limits)
  } catch (cause) {
    throw new PolicyError(code, 'expected strict JSON in a token, found something else', cause)
  }
}

function isPart(part: string): boolean {
  if (!/^[A-Za-z0-9_-]+$/.test(part)) return false
  try {
    decodeBase64url(part)
    return true
  } catch (error) {
    if (error instanceof PolicyError) return false
    throw error
  }
}

async function verifySignature(jwk: PublicJwk, signature: Uint8Array<ArrayBuffer>, message: Uint8Array<ArrayBuffer>): Promise<boolean> {
  const { subtle } = globalThis.crypto
  if (signature.byteLength !== 64) return false
  if (jwk.kty === 'OKP') {
    const key = await importPublic(jwk, { name: 'Ed25519' })
    return subtle.verify({ name: 'Ed25519' }, key, signature, message)
  }
  const key = await importPublic(jwk, { name: 'ECDSA', namedCurve: 'P-256' })
  return subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, signature, message)
}

async function importPublic(jwk: PublicJwk, algorithm: { name: string; namedCurve?: string }) {
  try {
    return await globalThis.crypto.subtle.importKey('jwk', jwk, algorithm, false, ['verify'])
  } catch (cause) {
    throw new PolicyError('token-key', 'expected a public key on its curve, found another', cause)
  }
}

function encodeText(text: string): string {
  return encodeBase64url(new TextEncoder().encode(text))
}
