// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto'
import { parsePolicyYaml, writePolicy } from '@casemate/policy/policy'
import { checkPolicyTests } from '@casemate/policy/policy-tests'
import { policyDocumentPath } from '@casemate/policy/release'
import { sha256Hex } from '@casemate/policy/sha256'
import { type Operator, requireRight } from '../access/actor.ts'
import { stageForApproval } from '../approvals/stage.ts'
import type { Transaction } from '../db/database.ts'
import { and, eq, sql } from '../db/drizzle.ts'
import { ConsoleError } from '../error.ts'
import type { Console } from '../organisation/console.ts'

export interface StagedPolicy {
  readonly path: string
  readonly sha256: string
}

/**
 * Puts a policy forward, as somebody typed it. What is approved is its canonical JSON.
 * @throws PolicyError `yaml-invalid`, `policy-invalid` (names each unknown or wrong field), `policy-test-failed`; ConsoleError `exists`; PublishError of staging.
 */
export async function stagePolicy(actor: Operator, console: Console, yaml: string): Promise<StagedPolicy> {
  requireRight(actor, 'policy:stage')
  const { db, now } = console
  const document = parsePolicyYaml(yaml)
  checkPolicyTests(document)
  const bytes = new TextEncoder().encode(writePolicy(document))
  const [path, sha256] = [policyDocumentPath(document.name, document.version), await sha256Hex(bytes)]
  const at = new Date(now() * 1000)
  await refusePublished(db, actor.organisation, document.name, document.version)
  await stageForApproval(actor, console, { role: 'policies', path, bytes, sha256 }, async (tx) => {
    const policyId = await keepDraft(tx, actor, document.name, yaml, at)
    const { policyVersions } = tx.tables
    await tx.delete(policyVersions).where(and(eq(policyVersions.policyId, policyId), eq(policyVersions.version, document.version)))
    await tx.insert(policyVersions).values({ policyId, version: document.version, sha256, document: bytes, authorId: actor.user, createdAt: at })
  })
  return { path, sha256 }
}

/** The line of versions, made with the first one; its draft is what was typed last. */
async function keepDraft(tx: Transaction, actor: Operator, name: string, draft: string, editedAt: Date): Promise<string> {
  const { policies } = tx.tables
  const edited = { draft, editedBy: actor.user, editedAt }
  const [kept] = await tx
    .insert(policies)
    .values({ id: randomUUID(), organisationId: actor.organisation, name, draftRevision: 1, ...edited })
    .onConflictDoUpdate({ target: [policies.organisationId, policies.name], set: { ...edited, draftRevision: sql`${policies.draftRevision} + 1` } })
    .returning({ id: policies.id })
  if (kept === undefined) throw new ConsoleError('data-invalid', `policy \`${name}\` could not be kept`)
  return kept.id
}

async function refusePublished(db: Transaction, organisation: string, name: string, version: string): Promise<void> {
  const { policies, policyVersions } = db.tables
  const [known] = await db
    .select({ publishedAt: policyVersions.publishedAt })
    .from(policyVersions)
    .innerJoin(policies, eq(policies.id, policyVersions.policyId))
    .where(and(eq(policies.organisationId, organisation), eq(policies.name, name), eq(policyVersions.version, version)))
  if (known !== undefined && known.publishedAt !== null) throw new ConsoleError('exists', `policy \`${name}\` ${version} is published already`)
}
