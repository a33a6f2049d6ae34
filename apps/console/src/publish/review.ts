// SPDX-License-Identifier: Apache-2.0
//
// What a waiting version would change, for the person who is asked to approve it.
import { type Holders, holderOf } from './approvals.ts'
import type { OfflineRole, RootSigned, TargetsSigned } from './metadata.ts'
import { type Pending, readPending } from './pending.ts'
import { findRepository, type Repository, readHolders, sha256Of } from './repository.ts'
import { keySetsOf, type Progress, progressOf } from './sign.ts'
import { signedBytes } from './signed-bytes.ts'
import { pendingTargetFile, type RepositoryStore, targetFile } from './store.ts'

export interface TargetChange {
  readonly path: string
  readonly sha256: string
  /** In bytes. */
  readonly length: number
}

/** Keys of one role before and after; `holder` is the console's name for the person. */
export interface KeyChange {
  readonly role: string
  readonly threshold: { readonly before: number | null; readonly after: number | null }
  readonly added: readonly { readonly keyId: string; readonly holder: string }[]
  readonly removed: readonly { readonly keyId: string; readonly holder: string }[]
}

export interface Review {
  readonly role: OfflineRole
  readonly version: number
  readonly author: string
  readonly expires: string
  /** What is signed, and its SHA-256: the approval names it. */
  readonly bytes: Uint8Array
  readonly sha256: string
  readonly added: readonly TargetChange[]
  readonly removed: readonly TargetChange[]
  readonly keys: readonly KeyChange[]
  readonly signedBy: readonly { readonly keyId: string; readonly holder: string }[]
  readonly progress: readonly Progress[]
}

/** @throws PublishError `pending-missing`, `metadata-invalid`, `repository-invalid`. */
export async function reviewPending(store: RepositoryStore, role: OfflineRole): Promise<Review> {
  const pending = await readPending(store, role)
  const published = await findRepository(store)
  const holders = await readHolders(store)
  const bytes = signedBytes(pending.document.signed)
  return {
    role,
    version: pending.document.signed.version,
    author: pending.author,
    expires: pending.document.signed.expires,
    bytes,
    sha256: sha256Of(bytes),
    ...changedTargets(pending, published),
    keys: changedKeys(pending, published, holders),
    signedBy: pending.document.signatures.map(({ keyid }) => ({ keyId: keyid, holder: holderOf(keyid, holders) })),
    progress: progressOf(pending, await keySetsOf(store, role), holders),
  }
}

/** Bytes of a target that a waiting version adds, or that is published, for the approver to read. */
export async function readTarget(store: RepositoryStore, role: OfflineRole, { path, sha256 }: TargetChange): Promise<Uint8Array | undefined> {
  const bytes = (await store.read(pendingTargetFile(role, sha256))) ?? (await store.read(targetFile(path, sha256)))
  return bytes !== undefined && sha256Of(bytes) === sha256 ? bytes : undefined
}

function changedTargets(pending: Pending, published: Repository | undefined): Pick<Review, 'added' | 'removed'> {
  if (pending.role === 'root') return { added: [], removed: [] }
  const before = published?.roles.get(pending.role)?.document.signed.targets ?? {}
  const after = pending.document.signed.targets
  return { added: targetsOnlyIn(after, before), removed: targetsOnlyIn(before, after) }
}

function targetsOnlyIn(these: TargetsSigned['targets'], those: TargetsSigned['targets']): readonly TargetChange[] {
  return Object.entries(these)
    .filter(([path, { hashes }]) => those[path]?.hashes.sha256 !== hashes.sha256)
    .map(([path, { length, hashes }]) => ({ path, length, sha256: hashes.sha256 }))
}

interface RoleNow {
  readonly keyids: readonly string[]
  readonly threshold: number
}

function changedKeys(pending: Pending, published: Repository | undefined, holders: Holders): readonly KeyChange[] {
  const [before, after] =
    pending.role === 'root'
      ? [rolesOfRoot(published?.root.document.signed), rolesOfRoot(pending.document.signed)]
      : [rolesOfTargets(published?.roles.get(pending.role)?.document.signed), rolesOfTargets(pending.document.signed)]
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((role) => keyChange(role, before.get(role), after.get(role), holders))
    .filter(({ added, removed, threshold }) => added.length + removed.length > 0 || threshold.before !== threshold.after)
}

function keyChange(role: string, before: RoleNow | undefined, after: RoleNow | undefined, holders: Holders): KeyChange {
  const onlyIn = (these: RoleNow | undefined, those: RoleNow | undefined) =>
    (these?.keyids ?? []).filter((keyId) => !those?.keyids.includes(keyId)).map((keyId) => ({ keyId, holder: holderOf(keyId, holders) }))
  const threshold = { before: before?.threshold ?? null, after: after?.threshold ?? null }
  return { role, threshold, added: onlyIn(after, before), removed: onlyIn(before, after) }
}

const rolesOfRoot = (root: RootSigned | undefined): ReadonlyMap<string, RoleNow> => new Map(Object.entries(root?.roles ?? {}))
const rolesOfTargets = (targets: TargetsSigned | undefined): ReadonlyMap<string, RoleNow> =>
  new Map((targets?.delegations?.roles ?? []).map((role) => [role.name, role]))
