// SPDX-License-Identifier: Apache-2.0
//
// A lease: what this one device may run now, and until when. Signed by an online key, it can assign within what was approved and can
// suspend; it adds no bytes and loosens nothing. It is read here; it is issued elsewhere.
import { z } from 'zod'
import { PolicyError } from '../error.ts'
import { assurance } from '../model/condition.ts'
import { directoryName, instant, serial, sha256Text, slug, thumbprintText } from '../model/names.ts'
import type { PublicJwk } from './jwk.ts'
import { rescueCommitment } from './rescue-code.ts'
import { sha256Hex } from './sha256.ts'
import { verifyToken } from './token.ts'

export const leaseTyp = 'casemate-lease+jwt'

const seconds = z.int().min(0).max(31_622_400).nullable()
const version = z.int().min(1)
const compactJwe = z.string().regex(/^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+){4}$/)

const assignment = z
  .strictObject({
    /** `releases/<desktop>/<serial>.json` */
    path: z.string().regex(/^releases\/[a-z0-9-]{1,64}\/[1-9][0-9]{0,15}\.json$/),
    serial,
    sha256: sha256Text,
    /** The package key and the desktop's secrets, encrypted to this device; null until activation is accepted. */
    key: compactJwe.max(16_384).nullable(),
  })
  .refine(({ path, serial: number }) => path.endsWith(`/${number}.json`), 'expected the serial that the path names')

export const lease = z
  .strictObject({
    /** The organisation, as the device knows it since its enrolment. */
    iss: slug,
    /** The device. */
    sub: slug,
    cnf: z.strictObject({ jkt: thumbprintText }),
    /** Rises with every lease of this device. */
    seq: serial,
    /** Of the request that this answers. */
    nonce: z.string().regex(/^[A-Za-z0-9_-]{22,86}$/),
    iat: instant,
    exp: instant,
    /** The least versions of TUF metadata that the device must have seen. */
    tuf: z.strictObject({ root: version, snapshot: version, timestamp: version }),
    claims: z.strictObject({
      user: directoryName.nullable(),
      groups: z.array(directoryName).max(1000),
      tags: z.array(slug).max(1000),
      assurance,
    }),
    assign: z.array(assignment).max(1000),
    /** Seconds after the last verified contact, minutes of running and starts since then; null is no limit. */
    offline: z.strictObject({
      warnAt: seconds,
      restrictAt: seconds,
      suspendAt: seconds,
      maxRuntimeMinutes: z.int().min(0).nullable(),
      maxBoots: z.int().min(0).nullable(),
    }),
    /** Commitments to single-use rescue codes. */
    rescue: z.array(rescueCommitment).max(64),
    action: z.enum(['run', 'suspend']),
    /** Why everything is suspended and whom to ask, in words for the user; null while it may run. */
    suspension: z.strictObject({ why: z.string().min(1).max(200), contact: z.string().min(1).max(200) }).nullable(),
  })
  .refine(({ action, suspension }) => (action === 'suspend') === (suspension !== null), 'expected a `suspension` with `suspend`, and none with `run`')
  .refine(({ iat, exp }) => iat < exp, 'expected `exp` after `iat`')
  .refine(({ assign }) => new Set(assign.map(desktopOf)).size === assign.length, 'expected each desktop once')

export type Lease = z.infer<typeof lease>
export type Assignment = Lease['assign'][number]

/** What the device has seen and never goes below. Kept outside every snapshot. */
export const leaseFloors = z.strictObject({
  seq: z.int().min(0),
  /** Of the token that carried `seq`; null before the first. */
  sha256: sha256Text.nullable(),
  /** By desktop. */
  serials: z.record(slug, serial),
})

export type LeaseFloors = z.infer<typeof leaseFloors>
export type RepositoryVersions = Lease['tuf']

export interface LeaseExpectation {
  /** Approved online keys. */
  readonly keys: (kid: string) => PublicJwk | undefined
  readonly issuer: string
  readonly device: { readonly id: string; readonly jkt: string }
  /** Of the request that was answered; null for the lease that the device keeps and reads again. */
  readonly nonce: string | null
  readonly floors: LeaseFloors
  readonly repository: RepositoryVersions
  /** Unix seconds, verified; a fresh answer is judged by its own `iat`. */
  readonly now: number
}

/**
 * Checks, in this order: 1 the token (`token-*`); 2 `lease-issuer`; 3 `lease-device` (made for another device or another key);
 * 4 `lease-nonce`; 5 `lease-older` (below the floor of `seq`); 6 `lease-fork` (another lease under the same `seq`);
 * 7 `lease-release-older` (a desktop below its floor); 8 `lease-repository` (the device must update its metadata first, then ask
 * again); 9 `lease-expired`.
 * @throws PolicyError with the code of the first check that fails.
 */
export async function verifyLease(token: string, expected: LeaseExpectation): Promise<{ readonly lease: Lease; readonly floors: LeaseFloors }> {
  const { claims } = await verifyToken(token, { typ: leaseTyp, alg: 'Ed25519', keys: expected.keys, claims: lease })
  if (claims.iss !== expected.issuer)
    throw new PolicyError('lease-issuer', `expected a lease of \`${expected.issuer}\`, found one of \`${claims.iss}\``)
  if (claims.sub !== expected.device.id || claims.cnf.jkt !== expected.device.jkt) {
    throw new PolicyError('lease-device', `expected a lease for \`${expected.device.id}\`, found one for \`${claims.sub}\` with another key or name`)
  }
  if (expected.nonce !== null && claims.nonce !== expected.nonce)
    throw new PolicyError('lease-nonce', 'this lease does not answer the request that was made')
  const floors = raiseFloors(expected.floors, claims, await sha256Hex(new TextEncoder().encode(token)))
  const behind = (['root', 'snapshot', 'timestamp'] as const).find((role) => expected.repository[role] < claims.tuf[role])
  if (behind !== undefined) {
    throw new PolicyError(
      'lease-repository',
      `expected \`${behind}\` at version ${claims.tuf[behind]} or later, found ${expected.repository[behind]}`,
    )
  }
  // A fresh answer brings its own time with it, which is worth more than a clock that may have run ahead.
  const now = expected.nonce === null ? expected.now : claims.iat
  if (now >= claims.exp) throw new PolicyError('lease-expired', `expected a lease that holds at ${now}, found one that ended at ${claims.exp}`)
  return { lease: claims, floors }
}

export function desktopOf({ path }: { readonly path: string }): string {
  const start = path.indexOf('/') + 1
  return path.slice(start, path.indexOf('/', start))
}

/** Whether {@link desktopOf} is this one, without cutting the path. */
export function isOfDesktop({ path }: { readonly path: string }, desktop: string): boolean {
  const start = path.indexOf('/') + 1
  return path.startsWith(desktop, start) && path[start + desktop.length] === '/'
}

/** @throws PolicyError `lease-older`, `lease-fork` or `lease-release-older`; a floor that is returned is never below the one given. */
function raiseFloors(floors: LeaseFloors, { seq, assign }: Lease, sha256: string): LeaseFloors {
  if (seq < floors.seq) throw new PolicyError('lease-older', `expected a lease from number ${floors.seq} on, found ${seq}`)
  if (seq === floors.seq && floors.sha256 !== null && floors.sha256 !== sha256) {
    throw new PolicyError('lease-fork', `expected one lease of number ${seq}, found a second`)
  }
  const serials = { ...floors.serials }
  for (const assigned of assign) {
    const desktop = desktopOf(assigned)
    const floor = serials[desktop] ?? 0
    if (assigned.serial < floor) {
      throw new PolicyError('lease-release-older', `expected \`${desktop}\` from serial ${floor} on, found ${assigned.serial}`)
    }
    serials[desktop] = assigned.serial
  }
  return { seq, sha256, serials }
}
