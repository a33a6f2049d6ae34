// SPDX-License-Identifier: Apache-2.0
//
// PO-22 by telephone. A code derives from a key that only the console has; the lease commits to a few for each problem that some desktop's
// policies let a help desk mend. Which were read out is kept, so that each is read out once.
import { createHmac, hkdfSync } from 'node:crypto'
import type { Lease } from '@casemate/policy/lease'
import {
  type RescueCommitment,
  type RescueProblem,
  type RescueRequest,
  readRescueRequest,
  rescueDigest,
  rescueProblem,
  writeRescueCode,
} from '@casemate/policy/rescue-code'
import type { SettingValues } from '@casemate/policy/settings'
import { type Operator, requireRight } from '../access/actor.ts'
import { appendAudit } from '../audit/append.ts'
import { and, eq } from '../db/drizzle.ts'
import { requireRow } from '../devices/list.ts'
import { ConsoleError } from '../error.ts'
import type { Console } from '../organisation/console.ts'
import { assignedReleases } from '../releases/assigned.ts'
import { releaseSettings } from '../releases/values.ts'
import { overrideBounds } from './bounds.ts'

/** Of each problem in one lease. */
const codesEach = 3
/** How long a code helps, from its use on; how far is for the policies. */
const minutes = 1440

export interface ReadOutCode {
  readonly device: string
  readonly problem: RescueProblem
  readonly code: string
  /** Codes that the same lease still has for this problem. */
  readonly left: number
}

/** What the next lease of a device commits to. @param bounds of each of its desktops. */
export async function rescueCommitments(
  console: Pick<Console, 'keys'>,
  { device, seq }: Omit<RescueRequest, 'problem'>,
  bounds: readonly SettingValues['overrides'][],
): Promise<Lease['rescue']> {
  const problems = rescueProblem.options.filter((problem) => bounds.some((one) => canMend(one, problem)))
  return await Promise.all(
    problems.flatMap((problem) => Array.from({ length: codesEach }, (_, number) => rescueCommitment(console, { device, seq, problem }, number))),
  )
}

export async function rescueCommitment(console: Pick<Console, 'keys'>, request: RescueRequest, number: number): Promise<RescueCommitment> {
  const sha256 = await rescueDigest(request, codeOf(console, request, number))
  const { problem } = request
  return problem === 'locked' ? { problem, grant: null, sha256 } : { problem, grant: { minutes }, sha256 }
}

/**
 * Finds the code for what a user read out, and never the same one twice.
 * @throws PolicyError `rescue-request-invalid`; ConsoleError `not-found` (device, lease), `device-suspended`, `rescue-refused` (not within the
 * policies, or all codes of this lease are read out)
 */
export async function readOutRescueCode(actor: Operator, console: Console, typed: string): Promise<ReadOutCode> {
  requireRight(actor, 'override:grant')
  const { db, now } = console
  const request = await readRescueRequest(typed)
  const { device: id, seq, problem } = request
  const device = await requireRow(actor, console, id)
  if (device.state !== 'active') throw new ConsoleError('device-suspended', `\`${id}\` is suspended, which no code changes`)
  const bounds = await Promise.all(
    (await assignedReleases(db, device)).map(async (release) => overrideBounds(await releaseSettings(db, release, device, now())).overrides),
  )
  if (!bounds.some((one) => canMend(one, problem))) {
    throw new ConsoleError('rescue-refused', `no policy of \`${id}\` lets a help desk mend \`${problem}\` by a code`)
  }
  const number = await db.transaction(async (tx) => {
    const { leases, rescueCodes } = tx.tables
    const [newest] = await tx.select({ seq: leases.seq }).from(leases).where(eq(leases.deviceId, id))
    if (newest === undefined || seq > newest.seq) throw new ConsoleError('not-found', `\`${id}\` was never given a lease of number ${seq}`)
    const own = and(eq(rescueCodes.deviceId, id), eq(rescueCodes.seq, seq), eq(rescueCodes.problem, problem))
    const next = (await tx.select({ number: rescueCodes.number }).from(rescueCodes).where(own)).length
    if (next >= codesEach)
      throw new ConsoleError('rescue-refused', `all ${codesEach} codes of this lease are read out: the device must connect, or take an override`)
    await tx.insert(rescueCodes).values({ deviceId: id, seq, problem, number: next, issuedBy: actor.user, issuedAt: new Date(now() * 1000) })
    await appendAudit(tx, actor, now(), { action: 'rescue-code.read-out', subject: id, details: { seq, problem, number: next } })
    return next
  })
  return { device: id, problem, code: codeOf(console, request, number), left: codesEach - number - 1 }
}

function canMend({ rescue, extendDays, extendOfflineMinutes }: SettingValues['overrides'], problem: RescueProblem): boolean {
  if (!rescue.includes(problem)) return false
  return problem === 'locked' || (problem === 'expired' ? extendDays : extendOfflineMinutes) > 0
}

function codeOf({ keys }: Pick<Console, 'keys'>, { device, seq, problem }: RescueRequest, number: number): string {
  const key = new Uint8Array(hkdfSync('sha256', keys.organisation, new Uint8Array(0), 'casemate-rescue-v1', 32))
  return writeRescueCode(createHmac('sha256', key).update(`${device}|${seq}|${problem}|${number}`).digest())
}
