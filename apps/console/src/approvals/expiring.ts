// SPDX-License-Identifier: Apache-2.0
//
// What runs out. The console signs snapshot and timestamp anew by itself; of the roles whose keys it may not use it stages the renewal
// at half of their life, and says who must sign when less than a third is left.
import { type Operator, requireRight } from '../access/actor.ts'
import { appendAudit } from '../audit/append.ts'
import type { Console } from '../organisation/console.ts'
import { localOperator } from '../organisation/local-operator.ts'
import { findPending } from '../publish/pending.ts'
import { readHolders, readRepository } from '../publish/repository.ts'
import { type StagedRenewal, stageRenewals } from '../publish/stage-renewals.ts'
import { type RoleStatus, rolesIn } from '../publish/status.ts'

export interface ExpiringRole {
  readonly role: RoleStatus['role']
  readonly version: number
  readonly expires: string
  readonly expired: boolean
  /** Whether a version waits for signatures that would renew it. */
  readonly waiting: boolean
  /** How many of the holders must sign; none of what the console signs by itself. */
  readonly needed: number
  readonly holders: readonly string[]
}

/** Roles with less than a third of their life left. @throws PublishError `repository-invalid`, `metadata-invalid` */
export async function listExpiring(actor: Operator, { repository, now }: Pick<Console, 'repository' | 'now'>): Promise<readonly ExpiringRole[]> {
  requireRight(actor, 'approval:see')
  const found: ExpiringRole[] = []
  for (const { role, published, threshold, keys } of rolesIn(await readRepository(repository), await readHolders(repository), now())) {
    if (published === null || (published.life !== 'third' && published.life !== 'expired')) continue
    const { version, expires } = published
    const about = { role, version, expires, expired: published.life === 'expired' }
    if (role === 'snapshot' || role === 'timestamp') found.push({ ...about, waiting: false, needed: 0, holders: [] })
    else {
      const waiting = (await findPending(repository, role)) !== undefined
      found.push({ ...about, waiting, needed: threshold, holders: [...new Set(keys.map(({ holder }) => holder))] })
    }
  }
  return found
}

/** @throws those of `stageRenewals` */
export async function stageDue({ db, repository, organisation, now }: Console): Promise<readonly StagedRenewal[]> {
  const staged = await stageRenewals(repository, { author: 'console', now: now() })
  for (const { role, version, expires } of staged) {
    const details = { version, expires, renewal: true }
    await db.transaction((tx) => appendAudit(tx, localOperator.of(organisation.id), now(), { action: `${role}.staged`, subject: role, details }))
  }
  return staged
}
