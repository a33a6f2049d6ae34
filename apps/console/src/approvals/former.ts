// SPDX-License-Identifier: Apache-2.0
import { policyDocumentPath, releasePath } from '@casemate/policy/release'
import type { Transaction } from '../db/database.ts'
import { and, desc, eq, isNotNull } from '../db/drizzle.ts'
import { newestRelease } from '../releases/newest.ts'

export interface Former {
  readonly path: string
  readonly bytes: Uint8Array
}

/**
 * What a waiting document takes the place of: the version of the same policy that was published last, or the newest published release of
 * the same desktop.
 * @param path of the waiting one. @returns null where there is none, and for other kinds of documents.
 */
export async function findFormer(db: Transaction, organisation: string, path: string): Promise<Former | null> {
  const [kind, name = ''] = path.split('/')
  if (kind === 'policies') return await formerPolicy(db, organisation, name)
  return kind === 'releases' ? await formerRelease(db, organisation, name) : null
}

async function formerPolicy(db: Transaction, organisation: string, name: string): Promise<Former | null> {
  const { policies, policyVersions } = db.tables
  const [found] = await db
    .select({ version: policyVersions.version, document: policyVersions.document })
    .from(policyVersions)
    .innerJoin(policies, eq(policies.id, policyVersions.policyId))
    .where(and(eq(policies.organisationId, organisation), eq(policies.name, name), isNotNull(policyVersions.publishedAt)))
    .orderBy(desc(policyVersions.publishedAt), desc(policyVersions.createdAt))
    .limit(1)
  return found === undefined ? null : { path: policyDocumentPath(name, found.version), bytes: found.document }
}

async function formerRelease(db: Transaction, organisation: string, desktop: string): Promise<Former | null> {
  const found = await newestRelease(db, organisation, desktop)
  return found === null ? null : { path: releasePath(desktop, found.serial), bytes: found.document }
}
