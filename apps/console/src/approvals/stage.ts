// SPDX-License-Identifier: Apache-2.0
import type { Operator } from '../access/actor.ts'
import { appendAudit } from '../audit/append.ts'
import type { Transaction } from '../db/database.ts'
import type { Console } from '../organisation/console.ts'
import type { DelegatedRole } from '../publish/metadata.ts'
import { stageTargets } from '../publish/stage-targets.ts'
import { withdraw } from '../publish/withdraw.ts'

export interface StagedTarget {
  readonly role: DelegatedRole
  readonly path: string
  readonly bytes: Uint8Array
  readonly sha256: string
}

/**
 * Puts one document forward for approval, with its record: both or neither. The caller has checked the actor's right.
 * A process that dies between leaves a version without record, which `withdrawUnrecorded` removes at the next start.
 * @throws PublishError `storage-full`, those of `stageTargets`, and whatever `record` throws.
 */
export async function stageForApproval(
  actor: Operator,
  { db, repository, now }: Console,
  { role, path, bytes, sha256 }: StagedTarget,
  record: (tx: Transaction) => Promise<void>,
): Promise<void> {
  await repository.requireRoom()
  await stageTargets(repository, { role, author: actor.name, now: now(), add: [{ path, bytes }] })
  try {
    await db.transaction(async (tx) => {
      await record(tx)
      await appendAudit(tx, actor, now(), { action: `${role}.staged`, subject: path, details: { sha256 } })
    })
  } catch (error) {
    await withdraw(repository, role)
    throw error
  }
}
