// SPDX-License-Identifier: Apache-2.0
import { PublishError } from './error.ts'
import type { Signer } from './key.ts'
import { findPending } from './pending.ts'
import { type PublishOptions, type PublishResult, publish } from './publish.ts'
import { sha256Of } from './repository.ts'
import type { Delegations } from './role-keys.ts'
import { keySetsOf, signPending } from './sign.ts'
import { signedBytes } from './signed-bytes.ts'
import { type RootChange, stageRepository } from './stage-root.ts'
import type { RepositoryStore } from './store.ts'

export interface FirstRepository extends Omit<RootChange, 'now' | 'lifetimes'> {
  readonly delegations: Delegations
  /** Root and targets keys at hand. Those elsewhere sign the waiting versions later; then `publish` puts the repository out. */
  readonly offline: readonly Signer[]
}

/**
 * Makes an organisation's repository: root and targets of version 1, signed by the offline keys at hand, and published if they suffice.
 * @throws PublishError `repository-exists`, `pending-exists`, and those of staging, signing and publishing.
 */
export async function createRepository(store: RepositoryStore, first: FirstRepository, options: PublishOptions): Promise<PublishResult> {
  const { offline, ...change } = first
  const { now, lifetimes } = options
  await stageRepository(store, { ...change, now, ...(lifetimes === undefined ? {} : { lifetimes }) })
  for (const role of ['root', 'targets'] as const) {
    const pending = await findPending(store, role)
    if (pending === undefined) throw new PublishError('pending-missing', `no version of \`${role}\` waits for signatures`)
    const wanted = new Set((await keySetsOf(store, role)).flatMap(({ keyids }) => keyids))
    const reviewed = sha256Of(signedBytes(pending.document.signed))
    for (const signer of offline) if (wanted.has(signer.keyId)) await signPending(store, role, reviewed, signer)
  }
  return await publish(store, options)
}
