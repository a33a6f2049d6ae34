// SPDX-License-Identifier: Apache-2.0
//
// What waits for approval, with every byte that an approver signs or should read.
import { type Operator, requireRight } from '../access/actor.ts'
import { ConsoleError } from '../error.ts'
import type { Console } from '../organisation/console.ts'
import { delegatedRoles, type OfflineRole } from '../publish/metadata.ts'
import { findPending } from '../publish/pending.ts'
import { type Review, readTarget, reviewPending } from '../publish/review.ts'
import { type Former, findFormer } from './former.ts'

export interface WaitingTarget {
  readonly bytes: Uint8Array
  /** What it takes the place of. */
  readonly former: Former | null
}

/** A waiting version, and its new targets by path. */
export interface Waiting {
  readonly review: Review
  readonly targets: ReadonlyMap<string, WaitingTarget>
}

/** Roles of which a version waits. */
export async function listWaiting(actor: Operator, { repository }: Pick<Console, 'repository'>): Promise<readonly Review[]> {
  requireRight(actor, 'approval:see')
  const found: Review[] = []
  for (const role of ['root', 'targets', ...delegatedRoles] as const) {
    if ((await findPending(repository, role)) !== undefined) found.push(await reviewPending(repository, role))
  }
  return found
}

/** @throws PublishError `pending-missing`; ConsoleError `data-invalid` when the bytes of a new target are not those that wait. */
export async function readWaiting(actor: Operator, { repository, db }: Pick<Console, 'repository' | 'db'>, role: OfflineRole): Promise<Waiting> {
  requireRight(actor, 'approval:see')
  const review = await reviewPending(repository, role)
  const targets = new Map<string, WaitingTarget>()
  for (const change of review.added) {
    const bytes = await readTarget(repository, role, change)
    if (bytes === undefined) throw new ConsoleError('data-invalid', `the bytes of \`${change.path}\` are not those that wait for approval`)
    targets.set(change.path, { bytes, former: await findFormer(db, actor.organisation, change.path) })
  }
  return { review, targets }
}
