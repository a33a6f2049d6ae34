// SPDX-License-Identifier: Apache-2.0
import { sha256Hex } from '@casemate/policy/sha256'
import { parseStrictJson } from '@casemate/policy/strict-json'
import { z } from 'zod'
import { type Operator, requireRight } from '../access/actor.ts'
import { asc, eq } from '../db/drizzle.ts'
import { ConsoleError } from '../error.ts'
import type { Console } from '../organisation/console.ts'
import { noLine } from './append.ts'

const auditLine = z.strictObject({
  seq: z.int().min(1),
  prev: z.string(),
  at: z.int(),
  actor: z.string(),
  action: z.string(),
  subject: z.string(),
  details: z.record(z.string(), z.json()),
})

export type AuditLine = z.infer<typeof auditLine>

export interface AuditChain {
  readonly entries: readonly AuditLine[]
  /** SHA-256 of the last line: kept elsewhere, it shows that nothing before it was changed. */
  readonly head: string
}

/**
 * The whole chain, checked from its first line.
 * @throws ConsoleError `audit-altered`, naming the first line that does not follow.
 */
export async function readAudit(actor: Operator, { db }: Pick<Console, 'db'>): Promise<AuditChain> {
  requireRight(actor, 'audit:see')
  const { auditEntries } = db.tables
  const rows = await db.select().from(auditEntries).where(eq(auditEntries.organisationId, actor.organisation)).orderBy(asc(auditEntries.seq))
  const entries: AuditLine[] = []
  let head = noLine
  for (const { line, hash, seq } of rows) {
    const entry = auditLine.safeParse(parseStrictJson(line))
    const follows = entry.success && entry.data.seq === entries.length + 1 && entry.data.prev === head && seq === entry.data.seq
    if (!follows || (await sha256Hex(new TextEncoder().encode(line))) !== hash) {
      throw new ConsoleError('audit-altered', `line ${entries.length + 1} of the audit does not follow the one before it`)
    }
    entries.push(entry.data)
    head = hash
  }
  return { entries, head }
}
