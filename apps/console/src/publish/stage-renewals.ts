// SPDX-License-Identifier: Apache-2.0
//
// The next version of an offline role with nothing new but its expiry. Whoever stages it signs nothing: its keys are elsewhere.
import { PublishError } from './error.ts'
import { dateText, defaultLifetimes, type Lifetimes, lifeOf, lifetimeOf } from './lifetimes.ts'
import { delegatedRoles, type OfflineRole } from './metadata.ts'
import { findPending, keepPending, type Pending } from './pending.ts'
import { type Repository, readRepository } from './repository.ts'
import type { RepositoryStore } from './store.ts'

export interface Renewals {
  readonly author: string
  /** Unix seconds. */
  readonly now: number
  /** Whether they are due or not; absent: every role with half of its life behind it of which nothing waits. */
  readonly roles?: readonly OfflineRole[]
  readonly lifetimes?: Lifetimes
}

export interface StagedRenewal {
  readonly role: OfflineRole
  readonly version: number
  readonly expires: string
}

/** @throws PublishError `repository-missing`; for `roles` also `pending-exists`, `role-not-delegated` (nothing of it is published). */
export async function stageRenewals(store: RepositoryStore, renewals: Renewals): Promise<readonly StagedRenewal[]> {
  return await store.exclusively(async () => {
    const published = await readRepository(store)
    const staged: StagedRenewal[] = []
    for (const role of renewals.roles ?? (await dueRoles(store, published, renewals))) {
      const pending = renewalOf(role, published, renewals)
      await keepPending(store, pending, { keys: [], published })
      staged.push({ role, version: pending.document.signed.version, expires: pending.document.signed.expires })
    }
    return staged
  })
}

async function dueRoles(store: RepositoryStore, published: Repository, { now, lifetimes = defaultLifetimes }: Renewals): Promise<OfflineRole[]> {
  const due: OfflineRole[] = []
  for (const role of ['root', 'targets', ...delegatedRoles] as const) {
    const stored = role === 'root' ? published.root : published.roles.get(role)
    if (stored === undefined || lifeOf(role, stored.document.signed.expires, now, lifetimes).state === 'long') continue
    if ((await findPending(store, role)) === undefined) due.push(role)
  }
  return due
}

function renewalOf(role: OfflineRole, { root, roles }: Repository, { author, now, lifetimes = defaultLifetimes }: Renewals): Pending {
  const expires = dateText(now + lifetimeOf(role, lifetimes))
  if (role === 'root') {
    const { signed } = root.document
    return { role, author, document: { signed: { ...signed, version: signed.version + 1, expires }, signatures: [] } }
  }
  const signed = roles.get(role)?.document.signed
  if (signed === undefined) throw new PublishError('role-not-delegated', `nothing of \`${role}\` is published that could be renewed`)
  return { role, author, document: { signed: { ...signed, version: signed.version + 1, expires }, signatures: [] } }
}
