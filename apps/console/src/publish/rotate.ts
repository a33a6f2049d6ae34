// SPDX-License-Identifier: Apache-2.0
//
// New keys for the whole repository at once: every role that has to be signed anew for it waits afterwards, and publication puts
// them out together. Also how a key that was lost or stolen below its threshold is taken out.
import { isDeepStrictEqual } from 'node:util'
import { delegatedKeySet, isApproved, type KeySet, rootKeySet } from './approvals.ts'
import type { Lifetimes } from './lifetimes.ts'
import { delegatedRoles, type OfflineRole, type TargetsRole } from './metadata.ts'
import { readHolders, readRepository } from './repository.ts'
import { type Delegations, delegationTable, type RootKeys, rootRoles } from './role-keys.ts'
import { stageRoot } from './stage-root.ts'
import { stageTargets } from './stage-targets.ts'
import type { RepositoryStore } from './store.ts'
import { withdraw } from './withdraw.ts'

export interface Rotation {
  readonly keys: RootKeys
  readonly delegations: Delegations
  readonly author: string
  /** Unix seconds. */
  readonly now: number
  readonly lifetimes?: Lifetimes
}

/**
 * @returns the roles that wait for signatures now; none where nothing differs.
 * @throws PublishError as staging does; then nothing of it waits.
 */
export async function stageRotation(store: RepositoryStore, { keys, delegations, ...staging }: Rotation): Promise<readonly OfflineRole[]> {
  const published = await readRepository(store)
  const holders = await readHolders(store)
  const root = published.root.document.signed
  const next = { ...root, ...rootRoles(keys) }
  const nextDelegations = delegationTable(delegations)
  const nextTargets = { ...published.targets.document.signed, delegations: nextDelegations }
  const isLeftBehind = (role: TargetsRole, set: KeySet | undefined) => {
    const stored = published.roles.get(role)
    return stored !== undefined && set !== undefined && !isApproved(stored.document, set, holders)
  }
  const staged: OfflineRole[] = []
  try {
    if (!isDeepStrictEqual([next.keys, next.roles], [root.keys, root.roles])) {
      await stageRoot(store, { ...staging, keys })
      staged.push('root')
    }
    const sameDelegations = isDeepStrictEqual(nextDelegations, published.targets.document.signed.delegations)
    if (!sameDelegations || isLeftBehind('targets', rootKeySet(next, 'targets'))) {
      await stageTargets(store, { ...staging, role: 'targets', delegations })
      staged.push('targets')
    }
    for (const role of delegatedRoles) {
      if (!isLeftBehind(role, delegatedKeySet(nextTargets, role))) continue
      await stageTargets(store, { ...staging, role })
      staged.push(role)
    }
    return staged
  } catch (error) {
    for (const role of staged) await withdraw(store, role)
    throw error
  }
}
