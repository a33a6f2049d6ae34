// SPDX-License-Identifier: Apache-2.0
//
// The next version of `targets` or of a delegated role, to be signed by its keys. Nothing that devices see changes here.
import { PublishError } from './error.ts'
import { dateText, defaultLifetimes, type Lifetimes, lifetimeOf } from './lifetimes.ts'
import { checkSize } from './limits.ts'
import type { TargetsRole, TargetsSigned } from './metadata.ts'
import { keepPending, type PendingTargets, publishedVersion } from './pending.ts'
import { readRepository, sha256Of } from './repository.ts'
import { approverKeys, type Delegations, delegationTable } from './role-keys.ts'
import { keySetsOf } from './sign.ts'
import type { RepositoryStore } from './store.ts'
import { checkPath, checkSerial, isReplaceable } from './target-path.ts'

export interface TargetsChange {
  readonly role: TargetsRole
  /** Who made the change; making it is no approval of it. */
  readonly author: string
  /** Unix seconds. */
  readonly now: number
  readonly add?: readonly { readonly path: string; readonly bytes: Uint8Array }[]
  readonly remove?: readonly string[]
  /** Only of `targets`: replaces all delegations. */
  readonly delegations?: Delegations
  readonly lifetimes?: Lifetimes
}

/**
 * A change of nothing is allowed: it renews the expiry and the signatures.
 * @throws PublishError `pending-exists`, `path-invalid`, `target-exists` (another content under a published path), `target-missing`,
 * `serial-not-rising`, `role-not-delegated`, `too-large`, `key-under-two-ids`, `key-id-wrong`, `threshold-invalid`, `holder-changed`, `repository-missing`.
 */
export async function stageTargets(store: RepositoryStore, change: TargetsChange): Promise<PendingTargets> {
  const { role, author, now, add = [], lifetimes = defaultLifetimes } = change
  return await store.exclusively(async () => {
    const published = await readRepository(store)
    if (role !== 'targets' && (await keySetsOf(store, role)).length === 0) {
      throw new PublishError('role-not-delegated', `\`targets\` delegates nothing to \`${role}\``)
    }
    const before = published.roles.get(role)?.document.signed
    const delegations = change.delegations === undefined ? before?.delegations : newDelegations(role, change.delegations)
    const signed: TargetsSigned = {
      _type: 'targets',
      spec_version: '1.0.31',
      version: publishedVersion(published, role) + 1,
      expires: dateText(now + lifetimeOf(role, lifetimes)),
      targets: changeTargets(before?.targets ?? {}, change),
      ...(delegations === undefined ? {} : { delegations }),
    }
    const pending: PendingTargets = { role, author, document: { signed, signatures: [] } }
    await keepPending(store, pending, { targets: add.map(({ bytes }) => bytes), keys: approverKeys(change.delegations ?? {}), published })
    return pending
  })
}

function newDelegations(role: TargetsRole, delegations: Delegations): NonNullable<TargetsSigned['delegations']> {
  if (role !== 'targets') throw new PublishError('path-invalid', `only \`targets\` delegates, found delegations for \`${role}\``)
  return delegationTable(delegations)
}

function changeTargets(before: TargetsSigned['targets'], { role, add = [], remove = [] }: TargetsChange): TargetsSigned['targets'] {
  const after = new Map(Object.entries(before))
  for (const path of remove) {
    if (!after.delete(path)) throw new PublishError('target-missing', `role \`${role}\` has no target \`${path}\` to remove`)
  }
  for (const { path, bytes } of add) {
    checkPath(role, path)
    checkSize(path, bytes.byteLength, 'target')
    const file = { length: bytes.byteLength, hashes: { sha256: sha256Of(bytes) } }
    const known = after.get(path) ?? before[path]
    if (!isReplaceable(role) && known !== undefined && known.hashes.sha256 !== file.hashes.sha256) {
      throw new PublishError('target-exists', `target \`${path}\` is published with another content`)
    }
    if (role === 'releases' && known === undefined) checkSerial(path, after.keys())
    after.set(path, file)
  }
  return Object.fromEntries(after)
}
