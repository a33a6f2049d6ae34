// SPDX-License-Identifier: Apache-2.0
//
// Who has validly signed what, and whether that is enough. A TUF client counts keys; here one person's keys count once.
import type { DelegatedRole, Document, RootSigned, Signed, TargetsSigned, TufKey } from './metadata.ts'
import { isSignedBy, signedBytes } from './signed-bytes.ts'

/** Keys that may sign a role, as its delegator says. */
export interface KeySet {
  readonly keys: Readonly<Record<string, TufKey>>
  readonly keyids: readonly string[]
  readonly threshold: number
}

/** Person of each key id; a key that is not listed stands for itself. */
export type Holders = ReadonlyMap<string, string>

export function rootKeySet(root: RootSigned, role: 'root' | 'targets' | 'snapshot' | 'timestamp'): KeySet {
  return { keys: root.keys, ...root.roles[role] }
}

/** @returns undefined for a delegated role that `targets` does not name. */
export function delegatedKeySet(targets: TargetsSigned, role: DelegatedRole): KeySet | undefined {
  const delegated = targets.delegations?.roles.find(({ name }) => name === role)
  return targets.delegations === undefined || delegated === undefined
    ? undefined
    : { keys: targets.delegations.keys, keyids: delegated.keyids, threshold: delegated.threshold }
}

/** Ids of the set's keys whose signature on the document verifies. */
export function validKeyIds(document: Document<Signed>, set: KeySet): readonly string[] {
  const bytes = signedBytes(document.signed)
  const valid = document.signatures.filter((signature) => {
    const key = set.keyids.includes(signature.keyid) ? set.keys[signature.keyid] : undefined
    return key !== undefined && isSignedBy(bytes, key, signature)
  })
  return [...new Set(valid.map(({ keyid }) => keyid))]
}

export const holderOf = (keyId: string, holders: Holders): string => holders.get(keyId) ?? keyId

/** How many different people have signed. */
export function approvalsOf(document: Document<Signed>, set: KeySet, holders: Holders): number {
  return new Set(validKeyIds(document, set).map((keyId) => holderOf(keyId, holders))).size
}

export const isApproved = (document: Document<Signed>, set: KeySet, holders: Holders): boolean => approvalsOf(document, set, holders) >= set.threshold
