// SPDX-License-Identifier: Apache-2.0
//
// Every request of a device carries a proof that it holds its key: shaped like DPoP (RFC 9449), bound to method, address and body, and to
// the last lease, so that a copied device state shows at its next check-in. Replay is found by `jti`, which the console remembers for
// as long as a proof may be used.
import { z } from 'zod'
import { PolicyError } from '../error.ts'
import { instant } from '../model/names.ts'
import { encodeBase64url } from './base64url.ts'
import type { EcPublicJwk } from './jwk.ts'
import { sha256 } from './sha256.ts'
import { type Signer, signToken, verifyToken } from './token.ts'

export const proofTyp = 'casemate-proof+jwt'
/** Seconds by which a proof's `iat` may differ from the console's clock, either way. */
export const proofWindow = 300

const fresh = z.string().regex(/^[A-Za-z0-9_-]{22,86}$/)

const proof = z.strictObject({
  htm: z.enum(['GET', 'POST']),
  /** Path and query, from the first slash: the same whatever proxy stands before the console. */
  htu: z.string().regex(/^\/[\x21-\x7e]{0,1023}$/),
  iat: instant,
  jti: fresh,
  /** Answers to this request repeat it. */
  nonce: fresh,
  /** base64url of SHA-256 over the body. */
  cd: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  /** Of the last lease that the device took; 0 before the first. */
  seq: z.int().min(0),
})

export type Proof = z.infer<typeof proof>

export interface ProvenRequest {
  readonly method: Proof['htm']
  /** As in `htu`. */
  readonly target: string
  /** Empty where the request has none. */
  readonly body: Uint8Array
}

/** What a device says of itself with a request. */
export interface Prover {
  readonly signer: Signer
  readonly now: number
  readonly seq: number
  /** Gives that many fresh random bytes. */
  readonly random: (length: number) => Uint8Array
  /** Of a request to which no lease ever came: repeated until one does, so that a lost answer does not look like a copied device. */
  readonly unanswered: string | null
}

/** The proof, and the nonce that its answer will repeat: keep it before sending, until a lease has answered it. */
export async function makeProof(
  request: ProvenRequest,
  { signer, now, seq, random, unanswered }: Prover,
): Promise<{ readonly token: string; readonly nonce: string }> {
  const [jti, nonce] = [encodeBase64url(random(16)), unanswered ?? encodeBase64url(random(16))]
  const claims = { htm: request.method, htu: request.target, iat: Math.floor(now), jti, nonce, cd: await digest(request.body), seq }
  return { token: await signToken(proof.parse(claims), { typ: proofTyp, signer }), nonce }
}

/**
 * Checks, in this order: 1 the token (`token-*`); 2 `proof-request` (made for another method, address or body); 3 `proof-time`;
 * 4 `proof-replayed`.
 * @param expected.claim remembers `jti` until `until` and says whether it was new; a repeated one must give false, on every process.
 * @throws PolicyError with the code of the first check that fails.
 */
export async function verifyProof(
  token: string,
  expected: {
    readonly keys: (kid: string) => EcPublicJwk | undefined
    readonly request: ProvenRequest
    readonly now: number
    readonly claim: (jti: string, until: number) => boolean | Promise<boolean>
  },
): Promise<{ readonly proof: Proof; readonly jkt: string }> {
  const { claims, kid } = await verifyToken(token, { typ: proofTyp, alg: 'ES256', keys: expected.keys, claims: proof, maxBytes: 4096 })
  const { method, target, body } = expected.request
  if (claims.htm !== method || claims.htu !== target || claims.cd !== (await digest(body))) {
    throw new PolicyError('proof-request', `expected a proof for \`${method} ${target}\` and its body, found one for \`${claims.htm} ${claims.htu}\``)
  }
  if (Math.abs(claims.iat - expected.now) > proofWindow) {
    throw new PolicyError('proof-time', `expected a proof made within ${proofWindow} s of ${expected.now}, found ${claims.iat}`)
  }
  if (!(await expected.claim(`${kid}.${claims.jti}`, claims.iat + proofWindow))) {
    throw new PolicyError('proof-replayed', `the proof \`${claims.jti}\` was used before`)
  }
  return { proof: claims, jkt: kid }
}

async function digest(body: Uint8Array): Promise<string> {
  return encodeBase64url(await sha256(body))
}
