// SPDX-License-Identifier: Apache-2.0
//
// Which keys count as held by the console: those that signed where it could have seen them, in its pages or by its own hand. The audit
// is the record. A console that is already another's can hide this; it says what an honest one knows.
import { parseStrictJson } from '@casemate/policy/strict-json'
import { z } from 'zod'
import { type Operator, requireRight } from '../access/actor.ts'
import { and, eq, inArray } from '../db/drizzle.ts'
import type { Console } from '../organisation/console.ts'
import { delegatedRoles, type OfflineRole } from '../publish/metadata.ts'
import { readHolders, readRepository } from '../publish/repository.ts'
import { rolesIn } from '../publish/status.ts'

export interface RoleCustody {
  readonly role: OfflineRole
  readonly threshold: number
  /** Of its keys, those ever unlocked in pages or by the console; at the threshold, the console's compromise is the role's. */
  readonly unlocked: readonly { readonly keyId: string; readonly holder: string }[]
}

const offlineRoles: readonly OfflineRole[] = ['root', 'targets', ...delegatedRoles]
const approval = z.looseObject({ details: z.looseObject({ key: z.string(), unlocked: z.string().optional() }) })

/** @throws PublishError `repository-missing`, `repository-invalid`, `metadata-invalid` */
export async function listKeyCustody(
  actor: Operator,
  { db, repository, now }: Pick<Console, 'db' | 'repository' | 'now'>,
): Promise<readonly RoleCustody[]> {
  requireRight(actor, 'approval:see')
  const { auditEntries } = db.tables
  const actions = offlineRoles.map((role) => `${role}.approved`)
  const rows = await db
    .select({ line: auditEntries.line })
    .from(auditEntries)
    .where(and(eq(auditEntries.organisationId, actor.organisation), inArray(auditEntries.action, actions)))
  const seen = new Set<string>()
  for (const { line } of rows) {
    const { key, unlocked } = approval.parse(parseStrictJson(line)).details
    if (unlocked === 'console') seen.add(key)
  }
  const roles = rolesIn(await readRepository(repository), await readHolders(repository), now())
  return offlineRoles.flatMap((role) => {
    const found = roles.find((one) => one.role === role)
    return found === undefined ? [] : [{ role, threshold: found.threshold, unlocked: found.keys.filter(({ keyId }) => seen.has(keyId)) }]
  })
}
