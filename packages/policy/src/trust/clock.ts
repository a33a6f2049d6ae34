// SPDX-License-Identifier: Apache-2.0
//
// PO-8: the time that the runtime believes. Local ticks only raise the floor; only a signed answer to a fresh question replaces it,
// downward too. The system clock may lag behind the floor by five minutes, then everything is refused.
import { z } from 'zod'
import { PolicyError } from '../error.ts'
import { instant, slug } from '../model/names.ts'
import type { PublicJwk } from './jwk.ts'
import { verifyToken } from './token.ts'

export const timeTyp = 'casemate-time+jwt'
export const clockTolerance = 300

/** All in seconds. `mono` counts from some moment of the boot `boot`, and only forward. */
export interface LocalTime {
  readonly wall: number
  readonly boot: string
  readonly mono: number
}

export const clockState = z.strictObject({ floor: instant, boot: z.string().max(128), mono: z.number().min(0) })
export type ClockState = z.infer<typeof clockState>

/** The signed answer `what time is it`, bound to the question by its nonce. */
const timeAnswer = z.strictObject({ iss: slug, nonce: z.string().regex(/^[A-Za-z0-9_-]{22,86}$/), time: instant })
export type TimeAnswer = z.infer<typeof timeAnswer>

/** Raises the floor: by what the monotonic clock counted since, while it is the same boot, and to the system clock. */
export function tickClock(state: ClockState, local: LocalTime): ClockState {
  const wall = Math.floor(local.wall)
  if (local.boot !== state.boot) return { floor: Math.max(state.floor, wall), boot: local.boot, mono: local.mono }
  const elapsed = Math.max(0, Math.floor(local.mono - state.mono))
  // Only whole seconds are taken over, so that many short ticks lose nothing.
  return { floor: Math.max(state.floor + elapsed, wall), boot: state.boot, mono: state.mono + elapsed }
}

/** What a device starts from before it has heard any signed time. */
export function firstClock(local: LocalTime): ClockState {
  return { floor: Math.floor(local.wall), boot: local.boot, mono: local.mono }
}

/** Takes the signed time as the floor, also when that is earlier. */
export function replaceClock(signedTime: number, local: LocalTime): ClockState {
  return { floor: signedTime, boot: local.boot, mono: local.mono }
}

/** The verified time, and whether the system clock is so far behind it that nothing may run. */
export function readClock(state: ClockState, local: LocalTime): { readonly now: number; readonly behind: boolean } {
  const { floor } = tickClock(state, { ...local, wall: 0 })
  return { now: Math.max(floor, Math.floor(local.wall)), behind: isBehind(local.wall, floor) }
}

export function isBehind(systemClock: number, floor: number): boolean {
  return systemClock < floor - clockTolerance
}

/**
 * Unix seconds out of a signed answer to the question with `nonce`.
 * @throws PolicyError `token-*`, or `time-answer` when it answers another question or comes from another organisation.
 */
export async function verifyTimeAnswer(
  token: string,
  expected: { readonly keys: (kid: string) => PublicJwk | undefined; readonly issuer: string; readonly nonce: string },
): Promise<number> {
  const { claims } = await verifyToken(token, { typ: timeTyp, alg: 'Ed25519', keys: expected.keys, claims: timeAnswer, maxBytes: 2048 })
  if (claims.iss !== expected.issuer || claims.nonce !== expected.nonce) {
    throw new PolicyError('time-answer', `expected \`${expected.issuer}\` to answer the question that was asked, found another answer`)
  }
  return claims.time
}
