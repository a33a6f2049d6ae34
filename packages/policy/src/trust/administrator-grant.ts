// SPDX-License-Identifier: Apache-2.0
//
// PO-21: that an administrator stood at this device and let one desktop do more for a while. It is signed on the device by the key that the
// password opened, so nothing on the disk stands in for the password; the policies in force judge it anew at each decision.
import { z } from 'zod'
import { PolicyError } from '../error.ts'
import { exception } from '../model/exception.ts'
import { instant, overrideId, slug, thumbprintText } from '../model/names.ts'
import { type EdPublicJwk, edPublicJwk, thumbprint } from './jwk.ts'
import { type Signer, signToken, verifyToken } from './token.ts'

const administratorGrantTyp = 'casemate-administrator-grant+jwt'
/** Goes along with each report of a session. */
export const grantBytes = 32_768

const members = z.strictObject({
  /** The organisation. */
  iss: slug,
  /** The device. */
  sub: slug,
  cnf: z.strictObject({ jkt: thumbprintText }),
  id: overrideId,
  desktop: slug,
  /** Of the lease under which it was made. */
  seq: z.int().min(1),
  iat: instant,
  exp: instant,
  exceptions: z.array(exception).min(1).max(16),
})

const claims = members.refine(({ iat, exp }) => iat < exp, 'expected `exp` after `iat`')
export type AdministratorClaims = z.infer<typeof claims>

/** Verified: what decisions take beside overrides, with `x` of the public key that vouches for it (RFC 8037). */
export const administratorGrant = members.extend({ kind: z.literal('administrator'), by: edPublicJwk.shape.x })
export type AdministratorGrant = z.infer<typeof administratorGrant>

export async function signAdministratorGrant(grant: AdministratorClaims, signer: Signer): Promise<string> {
  return signToken(claims.parse(grant), { typ: administratorGrantTyp, signer })
}

export interface GrantExpectation {
  /** Of the policy in force. */
  readonly key: EdPublicJwk
  readonly issuer: string
  readonly device: { readonly id: string; readonly jkt: string }
}

/**
 * Checks, in this order: 1 the token (`token-*`; `token-key` where another key made it); 2 `administrator-grant-foreign` (of another
 * organisation, device or key of a device). When it holds is for the decision.
 * @throws PolicyError with the code of the first check that fails.
 */
export async function verifyAdministratorGrant(token: string, { key, issuer, device }: GrantExpectation): Promise<AdministratorGrant> {
  const kid = await thumbprint(key)
  const keys = (wanted: string) => (wanted === kid ? key : undefined)
  const found = await verifyToken(token, { typ: administratorGrantTyp, alg: 'Ed25519', keys, claims, maxBytes: grantBytes })
  const { iss, sub, cnf } = found.claims
  if (iss !== issuer || sub !== device.id || cnf.jkt !== device.jkt) {
    throw new PolicyError(
      'administrator-grant-foreign',
      `expected a grant for \`${device.id}\` of \`${issuer}\`, found one for \`${sub}\` of \`${iss}\``,
    )
  }
  return { ...found.claims, kind: 'administrator', by: key.x }
}
