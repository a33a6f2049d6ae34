// SPDX-License-Identifier: Apache-2.0
//
// Who calls: the device whose key signed the proof in the header, for this method, path and body, now, and never before.
import { PolicyError } from '@casemate/policy/error'
import type { EcPublicJwk } from '@casemate/policy/jwk'
import { type ProvenRequest, proofTyp, verifyProof } from '@casemate/policy/proof'
import { readHeader, splitToken, verifyToken } from '@casemate/policy/token'
import { z } from 'zod'
import type { DeviceActor } from '../src/access/actor.ts'
import { type DeviceRow, findDevice } from '../src/devices/device-row.ts'
import type { LeaseQuestion } from '../src/devices/lease.ts'
import { signTime } from '../src/devices/sign-time.ts'
import { ConsoleError } from '../src/error.ts'
import type { Console } from '../src/organisation/console.ts'
import type { ReplayMemory } from './replay-memory.ts'

export interface Proven {
  readonly actor: DeviceActor
  readonly device: DeviceRow
  readonly question: LeaseQuestion
}

export interface ProofCheck {
  readonly replays: ReplayMemory
  /** Unix seconds of the process' start: what was proven before may have been used before, and is not remembered. */
  readonly startedAt: number
}

/**
 * The device that a proof names: asked before the body is read, so that nobody unknown makes the console take one in.
 * @throws ConsoleError `proof-refused`, `device-unknown`.
 */
export async function findProver(
  { db, organisation }: Console,
  token: string | null,
): Promise<{ readonly device: DeviceRow; readonly token: string }> {
  if (token === null) throw new ConsoleError('proof-refused', 'expected a proof in the header, found none')
  const device = await findDevice(db, { jkt: named(token) })
  if (device === undefined || device.organisation !== organisation.id) throw new ConsoleError('device-unknown', 'this device is not enrolled here')
  return { device, token }
}

/** @throws ConsoleError `proof-refused`, `proof-replayed`, `proof-time` with signed time for the proof's nonce. */
export async function prove(
  console: Console,
  { replays, startedAt }: ProofCheck,
  { device, token }: { readonly device: DeviceRow; readonly token: string },
  request: ProvenRequest,
): Promise<Proven> {
  const keys = (kid: string) => (kid === device.jkt ? device.signingKey : undefined)
  const claim = (jti: string, until: number) => replays.claim(jti, until)
  try {
    const { proof } = await verifyProof(token, { keys, request, now: console.now(), claim })
    if (proof.iat < startedAt) throw await wrongTime(console, keys, token, 'expected a proof made since the console started')
    const actor: DeviceActor = {
      kind: 'device',
      organisation: device.organisation,
      device: device.id,
      jkt: device.jkt,
      signingKey: device.signingKey,
    }
    return { actor, device, question: { seq: proof.seq, nonce: proof.nonce } }
  } catch (cause) {
    if (!(cause instanceof PolicyError)) throw cause
    if (cause.code === 'proof-time') throw await wrongTime(console, keys, token, cause.message)
    if (cause.code === 'proof-replayed') throw new ConsoleError('proof-replayed', 'this proof was used before', { cause })
    throw new ConsoleError('proof-refused', 'this proof is not for this request, or not of this device', { cause })
  }
}

/** The key that a token names, believed only as far as looking it up. @throws ConsoleError `proof-refused` */
function named(token: string): string {
  try {
    return readHeader(splitToken(token, 3, 4096)[0], z.object({ kid: z.string().max(128) })).kid
  } catch (cause) {
    throw new ConsoleError('proof-refused', 'expected a proof, found something else', { cause })
  }
}

async function wrongTime(console: Console, keys: (kid: string) => EcPublicJwk | undefined, token: string, why: string): Promise<ConsoleError> {
  const { claims } = await verifyToken(token, { typ: proofTyp, alg: 'ES256', keys, claims: z.object({ nonce: z.string() }), maxBytes: 4096 })
  return new ConsoleError('proof-time', why, { token: await signTime(console, claims.nonce) })
}
