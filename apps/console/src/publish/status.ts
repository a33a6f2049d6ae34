// SPDX-License-Identifier: Apache-2.0
import { delegatedKeySet, type Holders, holderOf, type KeySet, rootKeySet } from './approvals.ts'
import { type LifeState, lifeOf } from './lifetimes.ts'
import type { Document, OfflineRole, Signed } from './metadata.ts'
import { listPending } from './pending.ts'
import { findRepository, type Repository, readHolders } from './repository.ts'
import { keySetsOf, type Progress, progressOf } from './sign.ts'
import type { RepositoryStore } from './store.ts'

export interface RoleStatus {
  readonly role: OfflineRole | 'snapshot' | 'timestamp'
  /** Null for a role that has keys and no version yet. */
  readonly published: { readonly version: number; readonly expires: string; readonly secondsLeft: number; readonly life: LifeState } | null
  readonly threshold: number
  readonly keys: readonly { readonly keyId: string; readonly holder: string }[]
}

export interface WaitingStatus {
  readonly role: OfflineRole
  readonly version: number
  readonly author: string
  readonly progress: readonly Progress[]
}

export interface RepositoryStatus {
  /** Empty where nothing has been published yet. */
  readonly roles: readonly RoleStatus[]
  readonly waiting: readonly WaitingStatus[]
}

/**
 * @param now unix seconds.
 * @throws PublishError `repository-invalid`, `metadata-invalid`, `repository-busy`.
 */
export async function statusOf(store: RepositoryStore, now: number): Promise<RepositoryStatus> {
  return await store.exclusively(async () => {
    const published = await findRepository(store)
    const holders = await readHolders(store)
    const waiting: WaitingStatus[] = []
    for (const pending of await listPending(store, published)) {
      const { role, author, document } = pending
      waiting.push({ role, version: document.signed.version, author, progress: progressOf(pending, await keySetsOf(store, role), holders) })
    }
    return { roles: rolesIn(published, holders, now), waiting }
  })
}

/** @param now unix seconds. */
export function rolesIn(published: Repository | undefined, holders: Holders, now: number): readonly RoleStatus[] {
  return keySetsIn(published).map(({ role, set, document }) => ({
    role,
    published: document === undefined ? null : publishedOf(role, document, now),
    threshold: set.threshold,
    keys: set.keyids.map((keyId) => ({ keyId, holder: holderOf(keyId, holders) })),
  }))
}

function publishedOf(
  role: RoleStatus['role'],
  { signed: { version, expires } }: Document<Signed>,
  now: number,
): NonNullable<RoleStatus['published']> {
  const { secondsLeft, state } = lifeOf(role, expires, now)
  return { version, expires, secondsLeft, life: state }
}

function keySetsIn(
  published: Repository | undefined,
): readonly { readonly role: RoleStatus['role']; readonly set: KeySet; readonly document: Document<Signed> | undefined }[] {
  if (published === undefined) return []
  const { root, targets, snapshot, timestamp, roles } = published
  const top = { root, targets, snapshot, timestamp }
  const named = (['root', 'targets', 'snapshot', 'timestamp'] as const).map((role) => ({
    role,
    set: rootKeySet(root.document.signed, role),
    document: top[role].document,
  }))
  const delegated = (targets.document.signed.delegations?.roles ?? []).flatMap(({ name }) => {
    const set = delegatedKeySet(targets.document.signed, name)
    return set === undefined ? [] : [{ role: name, set, document: roles.get(name)?.document }]
  })
  return [...named, ...delegated]
}
