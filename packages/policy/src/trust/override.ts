// SPDX-License-Identifier: Apache-2.0
//
// PO-22: what a help desk grants one device beyond its policies, for a time. Signed by an approved help-desk key; that it holds says who
// granted it and to whom. Whether it has an effect is for the policy in force, which declares how far help desks may go: see
// `decision/loosen.ts`.
import { z } from 'zod'
import { PolicyError } from '../error.ts'
import { exception } from '../model/exception.ts'
import { instant, overrideId, slug, thumbprintText } from '../model/names.ts'
import { clockTolerance } from './clock.ts'
import type { PublicJwk } from './jwk.ts'
import { verifyToken } from './token.ts'

export const overrideTyp = 'casemate-override+jwt'
const overrideBytes = 131_072

const extension = z
  .strictObject({
    /** Days of 24 h that an instance may be used after the policy's end. */
    expiryDays: z.int().min(1).max(36_500).optional(),
    /** Minutes by which each limit of being without contact moves on. */
    offlineMinutes: z.int().min(1).max(527_040).optional(),
  })
  .refine(({ expiryDays, offlineMinutes }) => expiryDays !== undefined || offlineMinutes !== undefined, 'expected days or minutes')

const common = {
  /** The organisation. */
  iss: slug,
  /** The device. */
  sub: slug,
  cnf: z.strictObject({ jkt: thumbprintText }),
  id: overrideId,
  desktop: slug,
  iat: instant,
  exp: instant,
}

const extending = z.strictObject({ kind: z.literal('extension'), grant: extension })
const excepting = z.strictObject({ kind: z.literal('exception'), grant: exception })
/** That the password of an instance may be made anew. */
const resetting = z.strictObject({ kind: z.literal('reset'), grant: z.strictObject({ instance: slug }) })

/** PO-6: that an instance which was made on another device may be bound to this one, under that key of it (RFC 7638). */
const moving = z.strictObject({
  kind: z.literal('move'),
  grant: z.strictObject({ instance: slug, from: z.strictObject({ device: slug, jkt: thumbprintText }), to: thumbprintText }),
})

export const overrideGrant = z.discriminatedUnion('kind', [extending, excepting, resetting, moving])
export type OverrideGrant = z.infer<typeof overrideGrant>

export const override = z
  .discriminatedUnion('kind', [extending.extend(common), excepting.extend(common), resetting.extend(common), moving.extend(common)])
  .refine(({ iat, exp }) => iat < exp, 'expected `exp` after `iat`')

export type Override = z.infer<typeof override>

export interface OverrideExpectation {
  /** Approved help-desk keys. */
  readonly keys: (kid: string) => PublicJwk | undefined
  readonly issuer: string
  readonly device: { readonly id: string; readonly jkt: string }
  /** Whether an override of that id was taken before; what the device keeps and reads again was not taken by that. */
  readonly wasTaken: (id: string) => boolean
  /** Unix seconds, verified. */
  readonly now: number
}

/**
 * Checks, in this order: 1 the token (`token-*`); 2 `override-issuer`; 3 `override-device` (made for another device or another key);
 * 4 `override-not-yet-valid` (by more than five minutes); 5 `override-expired`; 6 `override-used`.
 * @throws PolicyError with the code of the first check that fails.
 */
export async function verifyOverride(token: string, expected: OverrideExpectation): Promise<Override> {
  const { claims } = await verifyToken(token, {
    ...{ typ: overrideTyp, alg: 'Ed25519', keys: expected.keys, claims: override },
    maxBytes: overrideBytes,
  })
  if (claims.iss !== expected.issuer) {
    throw new PolicyError('override-issuer', `expected an override of \`${expected.issuer}\`, found one of \`${claims.iss}\``)
  }
  if (claims.sub !== expected.device.id || claims.cnf.jkt !== expected.device.jkt) {
    throw new PolicyError(
      'override-device',
      `expected an override for \`${expected.device.id}\`, found one for \`${claims.sub}\` with another key or name`,
    )
  }
  if (!hasBegun(claims, expected.now)) {
    throw new PolicyError('override-not-yet-valid', `expected an override that holds at ${expected.now}, found one that begins at ${claims.iat}`)
  }
  if (expected.now >= claims.exp) {
    throw new PolicyError('override-expired', `expected an override that holds at ${expected.now}, found one that ended at ${claims.exp}`)
  }
  if (expected.wasTaken(claims.id)) throw new PolicyError('override-used', `the override \`${claims.id}\` was taken before`)
  return claims
}

/** Clocks differ by a little; the end is kept to the second. */
export function hasBegun({ iat }: Pick<Override, 'iat'>, now: number): boolean {
  return now >= iat - clockTolerance
}
