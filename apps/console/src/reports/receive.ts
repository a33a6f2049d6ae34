// SPDX-License-Identifier: Apache-2.0
//
// A report of a device's journal, held against what was receipted before. What follows is kept and receipted; what cannot be one
// journal with it is refused, kept as evidence and shown until somebody has looked.
import { randomUUID } from 'node:crypto'
import type { Finding } from '@casemate/policy/chain'
import { PolicyError } from '@casemate/policy/error'
import { emptyJournal, hashLine, type JournalHead, readLine } from '@casemate/policy/journal'
import { makeReceipt } from '@casemate/policy/receipt'
import { checkReport, type Report, type ReportCheck } from '@casemate/policy/report'
import { z } from 'zod'
import { type DeviceActor, requireDevice } from '../access/actor.ts'
import { appendAudit } from '../audit/append.ts'
import type { Transaction } from '../db/database.ts'
import { eq } from '../db/drizzle.ts'
import { ConsoleError } from '../error.ts'
import type { Console } from '../organisation/console.ts'

const countTable = z.record(z.string(), z.int().min(0))

interface Known {
  readonly head: JournalHead
  readonly counts: Readonly<Record<string, number>>
  readonly receipt: string
  /** Whether a row is there. */
  readonly stored: boolean
  readonly fault: string | null
}

type Fault = { readonly kind: Finding['kind'] | 'checkpoint'; readonly message: string }

/**
 * @returns the receipt of all lines so far.
 * @throws ConsoleError `report-refused` (not signed by this device, or its lines contradict each other), `report-not-next` with the
 * receipt from which to go on.
 */
export async function receiveReport(actor: DeviceActor, console: Console, received: Report): Promise<string> {
  requireDevice(actor, console.organisation.id)
  const known = await readKnown(console, actor.device)
  const check = await verify(actor, known, received)
  const misplaced = await placeOf(received, known)
  if (misplaced !== 'next') {
    if (misplaced !== 'overlap') await keepFault(actor, console, known, received, misplaced)
    throw new ConsoleError('report-not-next', `expected the line after ${known.head.seq}`, { token: known.receipt })
  }
  const fault = faultOf(check)
  if (!check.acceptable) {
    if (fault !== undefined) await keepFault(actor, console, known, received, fault)
    throw new ConsoleError('report-refused', fault?.message ?? 'the lines of this report do not hold together')
  }
  const receipt = await makeReceipt(check.head, { device: actor.device, signer: console.keys.tokens, now: console.now() })
  await console.db.transaction((tx) => keepReport(tx, actor, console, { known, received, check, receipt, fault }))
  return receipt
}

async function verify(actor: DeviceActor, known: Known, received: Report): Promise<ReportCheck> {
  try {
    const keys = (kid: string) => (kid === actor.jkt ? actor.signingKey : undefined)
    return await checkReport(received, { device: actor.device, keys, start: known })
  } catch (cause) {
    if (!(cause instanceof PolicyError)) throw cause
    throw new ConsoleError('report-refused', 'expected a report that this device signed', { cause })
  }
}

async function readKnown({ db, keys, now }: Console, device: string): Promise<Known> {
  const { journalHeads } = db.tables
  const [row] = await db.select().from(journalHeads).where(eq(journalHeads.deviceId, device))
  if (row !== undefined) {
    const { seq, head: sha256, receipt, fault } = row
    return { head: { seq, sha256 }, counts: countTable.parse(row.counts), receipt, stored: true, fault }
  }
  const head = await emptyJournal(device)
  return { head, counts: {}, receipt: await makeReceipt(head, { device, signer: keys.tokens, now: now() }), stored: false, fault: null }
}

/**
 * `next`: begins after what is known. `overlap`: holds what is known and goes on, the receipt for it was lost. Else it cannot be one
 * journal with what is known.
 */
async function placeOf({ lines }: Report, { head }: Known): Promise<'next' | 'overlap' | Fault> {
  const [first] = lines
  const seq = first === undefined ? head.seq + 1 : seqOf(first)
  if (seq === undefined || seq === head.seq + 1) return 'next'
  if (seq > head.seq + 1) return { kind: 'gap', message: `expected line ${head.seq + 1}, found line ${seq}` }
  const same = lines[head.seq - seq]
  if (same === undefined)
    return { kind: 'fork', message: `expected lines after ${head.seq}, found the journal set back to ${seq + lines.length - 1}` }
  if ((await hashLine(same)) === head.sha256) return 'overlap'
  return { kind: 'fork', message: `line ${head.seq} was receipted with another content` }
}

function seqOf(line: string): number | undefined {
  try {
    return readLine(line).seq
  } catch (error) {
    if (error instanceof PolicyError) return undefined
    throw error
  }
}

function faultOf({ findings, checkpoint }: ReportCheck): Fault | undefined {
  const [first] = findings
  if (first !== undefined) return first
  return checkpoint === 'differs' ? { kind: 'checkpoint', message: 'the device signed another head than its lines lead to' } : undefined
}

interface Kept {
  readonly known: Known
  readonly received: Report
  readonly check: ReportCheck
  readonly receipt: string
  readonly fault: Fault | undefined
}

async function keepReport(tx: Transaction, actor: DeviceActor, { now }: Console, { known, received, check, receipt, fault }: Kept): Promise<void> {
  const { journalHeads, reports } = tx.tables
  const at = new Date(now() * 1000)
  const [row] = await tx.select({ seq: journalHeads.seq }).from(journalHeads).where(eq(journalHeads.deviceId, actor.device))
  if ((row?.seq ?? 0) !== known.head.seq) throw new ConsoleError('unavailable', 'another report of this device was taken meanwhile')
  const counted = check.entries.flatMap((entry) => (entry.type === 'count' ? [[entry.data.of, entry.data.count] as const] : []))
  const head = { seq: check.head.seq, head: check.head.sha256, receipt, receivedAt: at, counts: { ...known.counts, ...Object.fromEntries(counted) } }
  const noted = fault === undefined || known.fault !== null ? {} : { fault: fault.kind, faultMessage: fault.message, faultAt: at }
  await tx
    .insert(journalHeads)
    .values({ deviceId: actor.device, ...head, ...noted })
    .onConflictDoUpdate({ target: journalHeads.deviceId, set: { ...head, ...noted } })
  if (received.lines.length > 0) await tx.insert(reports).values(reportRow(actor, received, known.head.seq, check.head, at, true))
  if (fault !== undefined && known.fault === null) await auditFault(tx, actor, now(), fault)
}

/** The first fault and its report; later ones change nothing until somebody has looked. */
async function keepFault(actor: DeviceActor, { db, now }: Console, known: Known, received: Report, fault: Fault): Promise<void> {
  if (known.fault !== null) return
  const at = new Date(now() * 1000)
  await db.transaction(async (tx) => {
    const { journalHeads, reports } = tx.tables
    const noted = { fault: fault.kind, faultMessage: fault.message, faultAt: at }
    const { head, receipt, counts } = known
    await tx
      .insert(journalHeads)
      .values({ deviceId: actor.device, seq: head.seq, head: head.sha256, receipt, counts, receivedAt: at, ...noted })
      .onConflictDoUpdate({ target: journalHeads.deviceId, set: noted })
    await tx.insert(reports).values(reportRow(actor, received, head.seq, head, at, false))
    await auditFault(tx, actor, now(), fault)
  })
}

function reportRow({ device }: DeviceActor, received: Report, before: number, head: JournalHead, receivedAt: Date, accepted: boolean) {
  const body = new TextEncoder().encode(JSON.stringify(received))
  const lastSeq = accepted ? head.seq : before + received.lines.length
  return { id: randomUUID(), deviceId: device, firstSeq: before + 1, lastSeq, head: head.sha256, body, accepted, receivedAt }
}

async function auditFault(tx: Transaction, actor: DeviceActor, now: number, { kind, message }: Fault): Promise<void> {
  await appendAudit(tx, actor, now, { action: 'journal.fault', subject: actor.device, details: { kind, message } })
}
