// SPDX-License-Identifier: Apache-2.0
//
// Public keys as JWK (RFC 7517), the three kinds that we take and no other. X25519 keys (RFC 8037) are for escrow and verify nothing.
import { z } from 'zod'
import { encodeBase64url } from './base64url.ts'
import { sha256 } from './sha256.ts'

/** 32 bytes as base64url: 43 letters, of which the last carries two zero bits. */
const coordinate = z.string().regex(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/)

export const edPublicJwk = z.strictObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: coordinate })
export const ecPublicJwk = z.strictObject({ kty: z.literal('EC'), crv: z.literal('P-256'), x: coordinate, y: coordinate })
export const x25519PublicJwk = z.strictObject({ kty: z.literal('OKP'), crv: z.literal('X25519'), x: coordinate })

export type EdPublicJwk = z.infer<typeof edPublicJwk>
export type EcPublicJwk = z.infer<typeof ecPublicJwk>
export type X25519PublicJwk = z.infer<typeof x25519PublicJwk>
/** Of a key that verifies signatures, or agrees (P-256). */
export type PublicJwk = EdPublicJwk | EcPublicJwk

/** RFC 7638 (for Ed25519 and X25519: RFC 8037, appendix A.3): base64url of 32 bytes; what `cnf.jkt` and `kid` hold. */
export async function thumbprint(jwk: PublicJwk | X25519PublicJwk): Promise<string> {
  const members = jwk.kty === 'EC' ? { crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y } : { crv: jwk.crv, kty: jwk.kty, x: jwk.x }
  return encodeBase64url(await sha256(new TextEncoder().encode(JSON.stringify(members))))
}
