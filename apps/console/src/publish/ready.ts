// SPDX-License-Identifier: Apache-2.0
//
// Which of the waiting versions may be published together. A version that takes a key away can only go out with a new version of
// the role that the key had signed; nothing goes out that a device would refuse.
import { delegatedKeySet, type Holders, isApproved, type KeySet, rootKeySet } from './approvals.ts'
import { PublishError } from './error.ts'
import type { Document, OfflineRole, RootSigned, TargetsRole, TargetsSigned } from './metadata.ts'
import type { Pending } from './pending.ts'
import type { Repository } from './repository.ts'

/** A repository as it would be, less snapshot and timestamp. */
export interface Candidate {
  readonly root: Document<RootSigned>
  readonly roles: ReadonlyMap<TargetsRole, Document<TargetsSigned>>
  readonly chosen: readonly Pending[]
}

/**
 * The largest set of waiting versions that is approved as a whole.
 * @returns undefined when there is none, or when root and targets are not both there.
 * @throws PublishError `repository-invalid` when what is published already lacks approval.
 */
export function chooseReady(published: Repository | undefined, waiting: readonly Pending[], holders: Holders): Candidate | undefined {
  let chosen = waiting
  for (;;) {
    const candidate = candidateOf(published, chosen)
    if (candidate === undefined || chosen.length === 0) return undefined
    const refused = refusedIn(candidate, published, holders)
    if (refused.size === 0) return candidate
    const kept = chosen.filter(({ role }) => !refused.has(role))
    if (kept.length === chosen.length)
      throw new PublishError('repository-invalid', `what is published lacks approval: \`${[...refused].join('`, `')}\``)
    chosen = kept
  }
}

function candidateOf(published: Repository | undefined, chosen: readonly Pending[]): Candidate | undefined {
  const roles = new Map([...(published?.roles ?? [])].map(([role, { document }]) => [role, document] as const))
  let root = published?.root.document
  for (const pending of chosen) {
    if (pending.role === 'root') root = pending.document
    else roles.set(pending.role, pending.document)
  }
  return root === undefined || !roles.has('targets') ? undefined : { root, roles, chosen }
}

/**
 * Waiting versions that cannot go out: each that lacks approval, and each that would leave a published role without approval.
 * Where nothing waits that could be at fault, the published role itself is named.
 */
function refusedIn({ root, roles, chosen }: Candidate, published: Repository | undefined, holders: Holders): ReadonlySet<OfflineRole> {
  const waits = (role: OfflineRole) => chosen.some((pending) => pending.role === role)
  const refused = new Set<OfflineRole>()
  if (waits('root')) {
    const before = published?.root.document.signed
    const sets = [rootKeySet(root.signed, 'root'), ...(before === undefined ? [] : [rootKeySet(before, 'root')])]
    if (!sets.every((set) => isApproved(root, set, holders))) refused.add('root')
  }
  for (const [role, document] of roles) {
    const set = role === 'targets' ? rootKeySet(root.signed, 'targets') : delegatedSet(roles, role)
    // A published role that is delegated no longer stays in the snapshot, where TUF demands it; no device asks for it.
    if (set === undefined ? !waits(role) : isApproved(document, set, holders)) continue
    const delegator = role === 'targets' ? 'root' : 'targets'
    if (waits(role)) refused.add(role)
    else refused.add(waits(delegator) ? delegator : role)
  }
  return refused
}

function delegatedSet(roles: Candidate['roles'], role: Exclude<TargetsRole, 'targets'>): KeySet | undefined {
  const targets = roles.get('targets')
  return targets === undefined ? undefined : delegatedKeySet(targets.signed, role)
}
