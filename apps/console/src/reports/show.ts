// SPDX-License-Identifier: Apache-2.0
import { checkChain, type Finding } from '@casemate/policy/chain'
import { emptyJournal, type JournalEntry } from '@casemate/policy/journal'
import { report } from '@casemate/policy/report'
import { parseStrictJson } from '@casemate/policy/strict-json'
import { type Operator, requireRight } from '../access/actor.ts'
import { and, asc, eq } from '../db/drizzle.ts'
import { requireRow } from '../devices/list.ts'
import type { Console } from '../organisation/console.ts'

export interface JournalReport {
  readonly device: string
  /** Up to here the console has receipted; null: nothing was reported yet. */
  readonly head: { readonly seq: number; readonly sha256: string; readonly receivedAt: number } | null
  /** The stored lines, read again from the first: they follow each other and lead to the head. */
  readonly verified: boolean
  readonly findings: readonly Finding[]
  /** The first that was found; it stays until somebody has looked. Instants are Unix seconds. */
  readonly fault: { readonly kind: string; readonly message: string; readonly at: number } | null
  readonly entries: readonly JournalEntry[]
}

/** @param last how many entries to give; the check is of all. @throws ConsoleError `not-found` */
export async function showReport(actor: Operator, console: Console, id: string, last: number): Promise<JournalReport> {
  requireRight(actor, 'device:see')
  await requireRow(actor, console, id)
  const { journalHeads, reports } = console.db.tables
  const [known] = await console.db.select().from(journalHeads).where(eq(journalHeads.deviceId, id))
  const stored = await console.db
    .select({ body: reports.body })
    .from(reports)
    .where(and(eq(reports.deviceId, id), eq(reports.accepted, true)))
    .orderBy(asc(reports.lastSeq))
  const lines = stored.flatMap(({ body }) => report.parse(parseStrictJson(body, { maxBytes: 33_554_432, maxDepth: 4 })).lines)
  const start = { head: await emptyJournal(id), counts: {} }
  const { entries, head, findings } = await checkChain(lines, start)
  const leads = head.seq === (known?.seq ?? 0) && head.sha256 === (known?.head ?? start.head.sha256)
  const fault =
    known === undefined || known.fault === null || known.faultAt === null
      ? null
      : { kind: known.fault, message: known.faultMessage ?? '', at: seconds(known.faultAt) }
  return {
    device: id,
    head: known === undefined ? null : { seq: known.seq, sha256: known.head, receivedAt: seconds(known.receivedAt) },
    ...{ verified: leads && findings.length === 0, findings, fault, entries: last === 0 ? [] : entries.slice(-last) },
  }
}

const seconds = (at: Date): number => Math.floor(at.getTime() / 1000)
