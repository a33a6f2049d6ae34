// SPDX-License-Identifier: Apache-2.0
//
// Approving a waiting version. What is signed are the bytes whose SHA-256 the approver has reviewed, or nothing.
import { isDeepStrictEqual } from 'node:util'
import { approvalsOf, delegatedKeySet, type Holders, holderOf, type KeySet, rootKeySet, validKeyIds } from './approvals.ts'
import { PublishError } from './error.ts'
import { type Signer, tufKeyOf } from './key.ts'
import type { OfflineRole, RootSigned, Signature, TargetsSigned } from './metadata.ts'
import { findPendingRoot, findPendingTargets, type Pending, readPending, writePending } from './pending.ts'
import { findRepository, readHolders, sha256Of } from './repository.ts'
import { isSignedBy, signedBytes, signWith } from './signed-bytes.ts'
import type { RepositoryStore } from './store.ts'

/** One set of keys that must approve: the role's keys as they are, or as another waiting version will make them. */
export interface Progress {
  readonly by: 'published' | 'waiting'
  readonly needed: number
  readonly given: number
}

type WantedSet = KeySet & Pick<Progress, 'by'>

/**
 * @param reviewed SHA-256 of the bytes that the approver has seen.
 * @throws PublishError as {@link addSignature}.
 */
export async function signPending(store: RepositoryStore, role: OfflineRole, reviewed: string, signer: Signer): Promise<readonly Progress[]> {
  const bytes = reviewedBytes(await readPending(store, role), reviewed)
  return await addSignature(store, role, reviewed, await signWith(signer, tufKeyOf(signer.publicKey), bytes))
}

/**
 * For signatures made elsewhere.
 * @throws PublishError `pending-missing`, `pending-altered` (other bytes wait than those reviewed), `key-not-in-role`, `key-signed`,
 * `holder-signed` (the same person signed with another key), `signature-invalid`.
 */
export async function addSignature(store: RepositoryStore, role: OfflineRole, reviewed: string, signature: Signature): Promise<readonly Progress[]> {
  return await store.exclusively(async () => {
    const pending = await readPending(store, role)
    const bytes = reviewedBytes(pending, reviewed)
    const [sets, holders] = [await keySetsOf(store, role), await readHolders(store)]
    const open = sets.filter(({ keyids }) => keyids.includes(signature.keyid))
    const key = open[0]?.keys[signature.keyid]
    if (key === undefined) throw new PublishError('key-not-in-role', `key \`${signature.keyid}\` may not sign \`${role}\``)
    checkFirst(pending, open, holders, signature.keyid)
    if (!isSignedBy(bytes, key, signature)) {
      throw new PublishError('signature-invalid', `the signature by \`${signature.keyid}\` is not over the waiting version of \`${role}\``)
    }
    const signed = withSignature(pending, signature)
    await writePending(store, signed)
    return progressOf(signed, sets, holders)
  })
}

/** Key sets of a role: as published, and, where they differ, as the waiting version of its delegator says (of root: its own). */
export async function keySetsOf(store: RepositoryStore, role: OfflineRole): Promise<readonly WantedSet[]> {
  const published = await findRepository(store)
  const sets = [
    { by: 'published' as const, set: keySetIn(role, published?.root.document.signed, published?.targets.document.signed) },
    {
      by: 'waiting' as const,
      set: keySetIn(role, (await findPendingRoot(store))?.document.signed, (await findPendingTargets(store))?.document.signed),
    },
  ]
  const [now, next] = sets.flatMap(({ by, set }) => (set === undefined ? [] : [{ by, ...set }]))
  if (now === undefined) return []
  return next === undefined || isDeepStrictEqual([now.keyids, now.threshold], [next.keyids, next.threshold]) ? [now] : [now, next]
}

function keySetIn(role: OfflineRole, root: RootSigned | undefined, targets: TargetsSigned | undefined): KeySet | undefined {
  if (role === 'root' || role === 'targets') return root === undefined ? undefined : rootKeySet(root, role)
  return targets === undefined ? undefined : delegatedKeySet(targets, role)
}

export function progressOf(pending: Pending, sets: readonly WantedSet[], holders: Holders): readonly Progress[] {
  return sets.map((set) => ({ by: set.by, needed: set.threshold, given: approvalsOf(pending.document, set, holders) }))
}

function reviewedBytes(pending: Pending, reviewed: string): Uint8Array {
  const bytes = signedBytes(pending.document.signed)
  const found = sha256Of(bytes)
  if (found === reviewed) return bytes
  throw new PublishError('pending-altered', `expected a version of \`${pending.role}\` with SHA-256 \`${reviewed}\`, found \`${found}\``)
}

function checkFirst({ role, document }: Pending, open: readonly KeySet[], holders: Holders, keyId: string): void {
  if (document.signatures.some(({ keyid }) => keyid === keyId)) {
    throw new PublishError('key-signed', `key \`${keyId}\` has signed this version of \`${role}\` already`)
  }
  const holder = holderOf(keyId, holders)
  // Per set: who replaces an own key in root signs with the old one for the old set and with the new one for the new set.
  const counted = open.every((set) => validKeyIds(document, set).some((other) => holderOf(other, holders) === holder))
  if (counted) throw new PublishError('holder-signed', `\`${holder}\` has signed this version of \`${role}\` with another key`)
}

function withSignature(pending: Pending, signature: Signature): Pending {
  const signatures = [...pending.document.signatures, signature]
  return pending.role === 'root'
    ? { ...pending, document: { ...pending.document, signatures } }
    : { ...pending, document: { ...pending.document, signatures } }
}
