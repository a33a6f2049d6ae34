// SPDX-License-Identifier: Apache-2.0
//
// A device's regular call: what it reports is kept when it comes, its lease is issued when there is news or the wait is over.
import type { RequestOf, ResponseOf } from '@casemate/policy/protocol'
import { type DeviceActor, requireDevice } from '../access/actor.ts'
import { appendAudit } from '../audit/append.ts'
import type { Transaction } from '../db/database.ts'
import { and, eq } from '../db/drizzle.ts'
import type { JsonValue } from '../db/sqlite/kit.ts'
import { ConsoleError } from '../error.ts'
import { pendingOverrides } from '../help-desk/grant-override.ts'
import type { Console } from '../organisation/console.ts'
import { issueLease, type LeaseQuestion, refuseCopied } from './lease.ts'
import type { Turn } from './waiting.ts'

type CheckIn = RequestOf<'checkIn'>

/**
 * @param gone aborted when the caller is no longer there: then no lease is issued.
 * @throws ConsoleError `lease-copied`, `device-unknown`; `unavailable` when the call was ended by a later one or by the console's end.
 */
export async function checkIn(
  actor: DeviceActor,
  console: Console,
  body: CheckIn,
  question: LeaseQuestion,
  gone: AbortSignal,
): Promise<ResponseOf<'checkIn'>> {
  requireDevice(actor, console.organisation.id)
  const turn = console.waiting.enter(actor.device)
  const leave = () => turn.leave('ended')
  gone.addEventListener('abort', leave)
  try {
    const leaseSeq = await refuseCopied(actor, console, question)
    await console.db.transaction((tx) => keepReported(tx, actor, console, body))
    if (!(await hasNews(console, actor.device, body.seen, leaseSeq))) await waitForNews(turn, body.waitSeconds)
    // Left by somebody else meanwhile, even if there was news: two answers must not follow one lease.
    turn.leave('news')
    const wake = await turn.wake
    if (wake === 'superseded' || wake === 'ended') throw new ConsoleError('unavailable', 'this call was ended; ask again')
    const { lease, change } = await issueLease(actor, console, question)
    const overrides = await pendingOverrides(console.db, actor.device, console.now())
    return {
      ...{ lease, change, timestamp: console.published.current.timestamp, receipt: await lastReceipt(console.db, actor.device) },
      ...(overrides.length === 0 ? {} : { overrides: [...overrides] }),
    }
  } finally {
    gone.removeEventListener('abort', leave)
    turn.leave('ended')
  }
}

async function waitForNews(turn: Turn, seconds: number): Promise<void> {
  const timer = setTimeout(() => turn.leave('nothing'), seconds * 1000)
  try {
    await turn.wake
  } finally {
    clearTimeout(timer)
  }
}

async function hasNews({ db, published }: Console, device: string, seen: CheckIn['seen'], leaseSeq: number): Promise<boolean> {
  const { devices } = db.tables
  const [row] = await db.select({ change: devices.change }).from(devices).where(eq(devices.id, device))
  return seen.leaseSeq !== leaseSeq || seen.timestamp !== published.current.timestamp || seen.change !== row?.change
}

async function keepReported(tx: Transaction, actor: DeviceActor, { now }: Console, { facts, sessions }: CheckIn): Promise<void> {
  const { devices, instances, leases } = tx.tables
  const at = new Date(now() * 1000)
  const [before] = await tx
    .select({ lastSeenAt: devices.lastSeenAt, leaseEnd: leases.expiresAt })
    .from(devices)
    .leftJoin(leases, eq(leases.deviceId, devices.id))
    .where(eq(devices.id, actor.device))
  const { lastSeenAt, leaseEnd } = before ?? {}
  if (leaseEnd && lastSeenAt && leaseEnd < at && lastSeenAt < leaseEnd) {
    const details = { lastSeen: Math.floor(lastSeenAt.getTime() / 1000), leaseEnd: Math.floor(leaseEnd.getTime() / 1000) }
    await appendAudit(tx, actor, now(), { action: 'device.silent', subject: actor.device, details })
  }
  await tx
    .update(devices)
    .set({ facts: asJson(facts), sessions: asJson(sessions), runtimeVersion: facts.runtimeVersion, lastSeenAt: at })
    .where(eq(devices.id, actor.device))
  for (const { plan, serial } of sessions) {
    const own = and(eq(instances.deviceId, actor.device), eq(instances.name, plan.instance))
    await tx.update(instances).set({ appliedSerial: serial }).where(own)
  }
}

/** Parsed JSON without its optional members, which a column of JSON does not take as `undefined`. */
const asJson = (value: object): JsonValue => JSON.parse(JSON.stringify(value))

async function lastReceipt(db: Transaction, device: string): Promise<string | null> {
  const { journalHeads } = db.tables
  const [head] = await db.select({ receipt: journalHeads.receipt }).from(journalHeads).where(eq(journalHeads.deviceId, device))
  return head?.receipt ?? null
}
