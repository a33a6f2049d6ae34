// SPDX-License-Identifier: Apache-2.0
//
// The audit chain: each line names the SHA-256 of the line before it. Appended in the transaction of the change itself, so there is no
// change without its line and no line without its change. Whoever owns the database file can write a whole new chain; its head,
// kept elsewhere, shows that.
import { canonicalJson } from '@casemate/policy/canonical-json'
import { sha256Hex } from '@casemate/policy/sha256'
import { type Actor, actorName } from '../access/actor.ts'
import type { Transaction } from '../db/database.ts'
import { desc, eq } from '../db/drizzle.ts'
import type { JsonValue } from '../db/sqlite/kit.ts'

export interface AuditEvent {
  /** `<noun>.<what happened>` */
  readonly action: string
  /** What it happened to. */
  readonly subject: string
  readonly details?: { readonly [key: string]: JsonValue }
}

/** `prev` of the first line. */
export const noLine = '0'.repeat(64)

/** @param now Unix seconds. */
export async function appendAudit(
  tx: Transaction,
  actor: Actor | { readonly kind: 'stranger'; readonly organisation: string },
  now: number,
  { action, subject, details = {} }: AuditEvent,
): Promise<void> {
  const { auditEntries } = tx.tables
  const [last] = await tx
    .select({ seq: auditEntries.seq, hash: auditEntries.hash })
    .from(auditEntries)
    .where(eq(auditEntries.organisationId, actor.organisation))
    .orderBy(desc(auditEntries.seq))
    .limit(1)
  const name = actor.kind === 'stranger' ? 'stranger' : actorName(actor)
  const seq = (last?.seq ?? 0) + 1
  const line = canonicalJson({ seq, prev: last?.hash ?? noLine, at: now, actor: name, action, subject, details })
  const hash = await sha256Hex(new TextEncoder().encode(line))
  const at = new Date(now * 1000)
  await tx.insert(auditEntries).values({ organisationId: actor.organisation, seq, line, hash, at, actor: name, action, subject })
}
