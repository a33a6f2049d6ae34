// SPDX-License-Identifier: Apache-2.0
import { type Operator, requireRight } from '../access/actor.ts'
import { appendAudit } from '../audit/append.ts'
import type { Console } from '../organisation/console.ts'
import type { OfflineRole, Signature } from '../publish/metadata.ts'
import { type PublishResult, publish } from '../publish/publish.ts'
import { addSignature, type Progress } from '../publish/sign.ts'
import { withdraw } from '../publish/withdraw.ts'
import { markPublished } from './reconcile.ts'

export interface Approval {
  readonly role: OfflineRole
  /** SHA-256 of the bytes that the approver has seen and signed. */
  readonly reviewed: string
  readonly signature: Signature
  /** The console opened the key itself. */
  readonly openedHere?: true
}

export interface ApprovalResult extends PublishResult {
  readonly progress: readonly Progress[]
}

/**
 * Takes a signature that was made elsewhere; at the threshold the version goes out, and every device that waits is woken.
 * @throws PublishError `storage-full` before anything is changed, and those of `addSignature` and `publish`.
 */
export async function approve(actor: Operator, console: Console, { role, reviewed, signature, openedHere }: Approval): Promise<ApprovalResult> {
  requireRight(actor, 'approval:give')
  const { db, repository, now } = console
  await repository.requireRoom()
  const progress = await addSignature(repository, role, reviewed, signature)
  const details = { sha256: reviewed, key: signature.keyid, unlocked: actor.inPages === true || openedHere === true ? 'console' : 'elsewhere' }
  await db.transaction((tx) => appendAudit(tx, actor, now(), { action: `${role}.approved`, subject: role, details }))
  return { progress, ...(await publishApproved(actor, console)) }
}

/** Puts out whatever is approved; also what an earlier, interrupted publication left. */
export async function publishApproved(actor: Operator, console: Console): Promise<PublishResult> {
  requireRight(actor, 'approval:give')
  const { db, repository, published, keys, now, waiting } = console
  const result = await publish(repository, { online: [keys.roles], now: now() })
  // Devices are told first: the records can be brought up later.
  await published.refresh()
  const marked = await markPublished(console)
  if (result.published.length === 0) return result
  await db.transaction(async (tx) => {
    for (const { role, version } of result.published) {
      const details = { version, targets: marked.filter((path) => path.startsWith(`${role}/`)) }
      await appendAudit(tx, actor, now(), { action: `${role}.published`, subject: role, details })
    }
  })
  waiting.wakeAll()
  return result
}

/** Forgets the waiting version of a role and its signatures. */
export async function withdrawWaiting(actor: Operator, { db, repository, now }: Console, role: OfflineRole): Promise<void> {
  requireRight(actor, 'approval:give')
  await withdraw(repository, role)
  await db.transaction((tx) => appendAudit(tx, actor, now(), { action: `${role}.withdrawn`, subject: role }))
}
