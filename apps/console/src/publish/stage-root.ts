// SPDX-License-Identifier: Apache-2.0
//
// The next version of root, and the first of a repository. Nothing that devices see changes here.
import { PublishError } from './error.ts'
import { dateText, defaultLifetimes, type Lifetimes } from './lifetimes.ts'
import type { RootSigned, TargetsSigned } from './metadata.ts'
import { keepPending, type PendingRoot, publishedVersion, removePending } from './pending.ts'
import { findRepository, type Repository, readRepository } from './repository.ts'
import { approverKeys, type Delegations, delegationTable, heldKeys, type RootKeys, rootRoles } from './role-keys.ts'
import type { RepositoryStore } from './store.ts'

export interface RootChange {
  readonly keys: RootKeys
  /** Who made the change; making it is no approval of it. */
  readonly author: string
  /** Unix seconds. */
  readonly now: number
  readonly lifetimes?: Lifetimes
}

/**
 * New keys or thresholds of the four top-level roles, or the same ones once more to renew the expiry. It is signed by the threshold
 * of the root before it AND by its own (TUF 5.3.4).
 * @throws PublishError `pending-exists`, `key-under-two-ids`, `key-id-wrong`, `threshold-invalid`, `holder-changed`, `repository-missing`.
 */
export async function stageRoot(store: RepositoryStore, change: RootChange): Promise<PendingRoot> {
  return await store.exclusively(async () => {
    const published = await readRepository(store)
    const pending = rootPending(change, published)
    await keepPending(store, pending, { keys: heldKeys(change.keys), published })
    return pending
  })
}

/**
 * Version 1 of root and targets of a repository that does not exist yet. A delegated role gets its first version with its first target.
 * @throws PublishError `repository-exists`, and as {@link stageRoot}.
 */
export async function stageRepository(store: RepositoryStore, first: RootChange & { readonly delegations: Delegations }): Promise<void> {
  await store.exclusively(async () => {
    if ((await findRepository(store)) !== undefined) throw new PublishError('repository-exists', 'a repository is published here already')
    const root = rootPending(first, undefined)
    const { now, author, lifetimes = defaultLifetimes } = first
    const delegations = delegationTable(first.delegations)
    const expires = dateText(now + lifetimes.targets)
    const signed: TargetsSigned = { _type: 'targets', spec_version: '1.0.31', version: 1, expires, targets: {}, delegations }
    await keepPending(store, root, { keys: heldKeys(first.keys), published: undefined })
    try {
      const targets = { role: 'targets' as const, author, document: { signed, signatures: [] } }
      await keepPending(store, targets, { keys: approverKeys(first.delegations), published: undefined })
    } catch (error) {
      await Promise.allSettled([removePending(store, 'root')])
      throw error
    }
  })
}

function rootPending({ keys, author, now, lifetimes = defaultLifetimes }: RootChange, published: Repository | undefined): PendingRoot {
  const signed: RootSigned = {
    _type: 'root',
    spec_version: '1.0.31',
    version: publishedVersion(published, 'root') + 1,
    expires: dateText(now + lifetimes.root),
    consistent_snapshot: true,
    ...rootRoles(keys),
  }
  return { role: 'root', author, document: { signed, signatures: [] } }
}
