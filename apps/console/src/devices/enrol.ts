// SPDX-License-Identifier: Apache-2.0
//
// A new device: it shows a one-time secret and that it holds its keys. Whoever calls is a stranger until this has passed.
import { decodeBase64url } from '@casemate/policy/base64url'
import { thumbprint } from '@casemate/policy/jwk'
import { enrolmentBytes, enrolmentClaims, enrolmentTyp, type RequestOf, type ResponseOf } from '@casemate/policy/protocol'
import { parseStrictJson } from '@casemate/policy/strict-json'
import { splitToken, verifyToken } from '@casemate/policy/token'
import type { z } from 'zod'
import type { DeviceActor } from '../access/actor.ts'
import { appendAudit } from '../audit/append.ts'
import type { Transaction } from '../db/database.ts'
import { eq } from '../db/drizzle.ts'
import { ConsoleError } from '../error.ts'
import type { Console } from '../organisation/console.ts'
import { hashOfSecret } from './code.ts'
import { findDevice } from './device-row.ts'
import { issueLease } from './lease.ts'
import { signTime } from './sign-time.ts'
import { readTpmAuthorities } from './tpm-authorities.ts'
import { verifyTpm } from './verify-tpm.ts'

type Claims = z.infer<typeof enrolmentClaims>
interface Newcomer {
  readonly claims: Claims
  readonly jkt: string
}

/**
 * Checks, in this order: 1 the token, signed by the key that it names, over this secret; 2 the code is known and not revoked; 3 not
 * used by another device; 4 not expired; 5 what it shows of a TPM, if it does. The same device may ask again while its first answer is lost.
 * @throws ConsoleError `enrolment-refused`, `enrolment-used`, `enrolment-expired`; those of `verifyTpm`.
 */
export async function enrol(console: Console, { secret, token }: RequestOf<'enrol'>): Promise<ResponseOf<'enrol'>> {
  const newcomer = await readNewcomer(token)
  const secretHash = await hashOfSecret(secret)
  if (newcomer.claims.secretSha256 !== secretHash) throw refused('the token is for another secret')
  const device = await console.db.transaction(async (tx) => await admit(tx, console, newcomer, secretHash))
  const { organisation } = console
  const { nonce } = newcomer.claims
  const actor: DeviceActor = {
    ...{ kind: 'device', organisation: organisation.id, device, jkt: newcomer.jkt },
    signingKey: newcomer.claims.publicJwk,
  }
  const { lease } = await issueLease(actor, console, { seq: 0, nonce })
  return { device, organisation: organisation.id, title: organisation.title, lease, time: await signTime(console, nonce) }
}

/** The claims say under which key they are signed, so that is what they are verified with. */
async function readNewcomer(token: string): Promise<Newcomer> {
  try {
    const unverified = enrolmentClaims.parse(parseStrictJson(decodeBase64url(splitToken(token, 3, enrolmentBytes)[1])))
    const jkt = await thumbprint(unverified.publicJwk)
    const keys = (kid: string) => (kid === jkt ? unverified.publicJwk : undefined)
    const { claims } = await verifyToken(token, { typ: enrolmentTyp, alg: 'ES256', keys, claims: enrolmentClaims, maxBytes: enrolmentBytes })
    return { claims, jkt }
  } catch (cause) {
    throw new ConsoleError('enrolment-refused', 'expected an enrolment signed by the key that it names', { cause })
  }
}

async function admit(tx: Transaction, console: Console, { claims, jkt }: Newcomer, secretHash: string): Promise<string> {
  const { organisation, now, random } = console
  const { enrolmentCodes, devices } = tx.tables
  const [code] = await tx.select().from(enrolmentCodes).where(eq(enrolmentCodes.secretHash, secretHash))
  if (code === undefined || code.revokedAt !== null || code.organisationId !== organisation.id) throw refused('this code is not known')
  const known = await findDevice(tx, { jkt })
  if (code.usedAt !== null) {
    if (known !== undefined && known.id === code.deviceId) return known.id
    throw new ConsoleError('enrolment-used', 'this enrolment code was used already')
  }
  const at = new Date(now() * 1000)
  if (at >= code.expiresAt) throw new ConsoleError('enrolment-expired', 'this enrolment code has expired')
  if (known !== undefined) throw refused('this device is enrolled already')
  const assurance = await assuranceOf(tx, console, claims)
  const id = `d-${Buffer.from(random(8)).toString('hex')}`
  await tx.insert(devices).values({
    ...{ id, organisationId: organisation.id, name: claims.name, jkt, signingKey: claims.publicJwk, agreementKey: claims.agreementJwk },
    ...{ assurance, state: 'active', userName: code.userName, groups: code.groups, tags: code.tags },
    ...{ runtimeVersion: claims.runtimeVersion, enrolledAt: at, lastSeenAt: at },
  })
  await tx.update(enrolmentCodes).set({ usedAt: at, deviceId: id }).where(eq(enrolmentCodes.id, code.id))
  const details = { name: claims.name, jkt, code: code.id, runtime: claims.runtimeVersion, assurance }
  await appendAudit(tx, { kind: 'stranger', organisation: organisation.id }, now(), { action: 'device.enrolled', subject: id, details })
  return id
}

/** A device's word for it is nothing: only what a TPM itself says counts. */
async function assuranceOf(tx: Transaction, { organisation, keys, now }: Console, { attestation, ...claimed }: Claims): Promise<'software' | 'tpm'> {
  if (attestation === undefined) return 'software'
  const verifier = { authorities: await readTpmAuthorities(tx, organisation.id), key: keys.organisation, now: now() }
  await verifyTpm(verifier, attestation, claimed)
  return 'tpm'
}

const refused = (why: string): ConsoleError => new ConsoleError('enrolment-refused', why)
