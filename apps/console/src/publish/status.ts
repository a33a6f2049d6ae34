// SPDX-License-Identifier: Apache-2.0
import { delegatedKeySet, holderOf, type KeySet, rootKeySet } from './approvals.ts'
import { secondsOf } from './lifetimes.ts'
import type { Document, OfflineRole, Signed } from './metadata.ts'
import { listPending } from './pending.ts'
import { findRepository, type Repository, readHolders } from './repository.ts'
import { keySetsOf, type Progress, progressOf } from './sign.ts'
import type { RepositoryStore } from './store.ts'

export interface RoleStatus {
  readonly role: OfflineRole | 'snapshot' | 'timestamp'
  /** Null for a role that has keys and no version yet. */
  readonly published: { readonly version: number; readonly expires: string; readonly secondsLeft: number } | null
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
    const roles = keySetsIn(published).map(({ role, set, document }) => ({
      role,
      published: document === undefined ? null : lifeOf(document, now),
      threshold: set.threshold,
      keys: set.keyids.map((keyId) => ({ keyId, holder: holderOf(keyId, holders) })),
    }))
    return { roles, waiting }
  })
}

function lifeOf({ signed }: Document<Signed>, now: number): NonNullable<RoleStatus['published']> {
  return { version: signed.version, expires: signed.expires, secondsLeft: secondsOf(signed.expires) - now }
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
