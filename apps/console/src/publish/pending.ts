// SPDX-License-Identifier: Apache-2.0
//
// The version of a role that waits for signatures: at most one a role. Its signed part never changes while it waits, so that all
// approvers sign the same bytes.
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { PublishError } from './error.ts'
import type { HeldKey } from './key.ts'
import { checkSize } from './limits.ts'
import {
  type Document,
  delegatedRoles,
  type OfflineRole,
  type RootSigned,
  read,
  signatureList,
  signedSchemas,
  type TargetsRole,
  type TargetsSigned,
  writeDocument,
} from './metadata.ts'
import { addHolders, type Repository, sha256Of } from './repository.ts'
import { pendingFile, pendingTargetFile, pendingTargetsFolder, type RepositoryStore } from './store.ts'

const shared = { format: z.literal('casemate-pending-1'), author: z.string().min(1).max(200), signatures: signatureList }
const pendingSchema = z.discriminatedUnion('kind', [
  z.strictObject({ ...shared, kind: z.literal('root'), role: z.literal('root'), signed: signedSchemas.root }),
  z.strictObject({ ...shared, kind: z.literal('targets'), role: z.enum(['targets', ...delegatedRoles]), signed: signedSchemas.targets }),
])

export type PendingRoot = { readonly role: 'root'; readonly author: string; readonly document: Document<RootSigned> }
export type PendingTargets = { readonly role: TargetsRole; readonly author: string; readonly document: Document<TargetsSigned> }
export type Pending = PendingRoot | PendingTargets

export async function findPending(store: RepositoryStore, role: OfflineRole): Promise<Pending | undefined> {
  const bytes = await store.read(pendingFile(role))
  if (bytes === undefined) return undefined
  const { author, signatures, ...found } = read(`pending ${role}`, pendingSchema, bytes)
  if (found.role !== role) throw new PublishError('metadata-invalid', `expected a version of \`${role}\`, found one of \`${found.role}\``)
  if (found.kind === 'root') return { role: 'root', author, document: { signed: found.signed, signatures } }
  return { role: found.role, author, document: { signed: found.signed, signatures } }
}

export async function findPendingRoot(store: RepositoryStore): Promise<PendingRoot | undefined> {
  const pending = await findPending(store, 'root')
  return pending?.role === 'root' ? pending : undefined
}

export async function findPendingTargets(store: RepositoryStore, role: TargetsRole = 'targets'): Promise<PendingTargets | undefined> {
  const pending = await findPending(store, role)
  return pending === undefined || pending.role === 'root' ? undefined : pending
}

/** @throws PublishError `pending-missing` */
export async function readPending(store: RepositoryStore, role: OfflineRole): Promise<Pending> {
  const pending = await findPending(store, role)
  if (pending === undefined) throw new PublishError('pending-missing', `no version of \`${role}\` waits for signatures`)
  return pending
}

export async function writePending(store: RepositoryStore, { role, author, document }: Pending): Promise<void> {
  const kind = document.signed._type
  const text = JSON.stringify({ format: 'casemate-pending-1', kind, role, author, signed: document.signed, signatures: document.signatures })
  await store.write(pendingFile(role), new TextEncoder().encode(text))
}

/** Whether it changes nothing of what is published but its expiry. */
export function isRenewal({ role, document: { signed } }: Pending, published: Repository | undefined): boolean {
  if (published === undefined) return false
  if (signed._type === 'root') {
    const { keys, roles } = published.root.document.signed
    return isDeepStrictEqual([signed.keys, signed.roles], [keys, roles])
  }
  const before = role === 'root' ? undefined : published.roles.get(role)?.document.signed
  return before !== undefined && isDeepStrictEqual([signed.targets, signed.delegations], [before.targets, before.delegations])
}

/** A renewal gives way to a change, which renews as well, and before anybody has signed it also to another renewal. */
const givesWay = (waiting: Pending, next: Pending, published: Repository | undefined): boolean =>
  isRenewal(waiting, published) && (waiting.document.signatures.length === 0 || !isRenewal(next, published))

/**
 * Takes the next version of a role in, with the bytes of its new targets and the holders of its keys; all of it or nothing.
 * @throws PublishError `pending-exists`, `too-large`, `holder-changed`.
 */
export async function keepPending(
  store: RepositoryStore,
  pending: Pending,
  {
    targets = [],
    keys,
    published,
  }: { readonly targets?: readonly Uint8Array[]; readonly keys: readonly HeldKey[]; readonly published: Repository | undefined },
): Promise<void> {
  const { role, document } = pending
  const waiting = await findPending(store, role)
  if (waiting !== undefined && !givesWay(waiting, pending, published))
    throw new PublishError('pending-exists', `a version of \`${role}\` waits for signatures already`)
  checkSize(role, writeDocument(document).byteLength, role === 'root' ? 'root' : 'targets')
  await addHolders(store, keys)
  try {
    await removePending(store, role)
    for (const bytes of targets) await store.write(pendingTargetFile(role, sha256Of(bytes)), bytes)
    await writePending(store, pending)
  } catch (error) {
    await Promise.allSettled([removePending(store, role)])
    throw error
  }
}

/** The version's file goes first: targets without it are forgotten by the next removal, a version without its targets is not. */
export async function removePending(store: RepositoryStore, role: OfflineRole): Promise<void> {
  await store.remove(pendingFile(role))
  for (const name of await store.list(pendingTargetsFolder(role))) await store.remove(name)
}

/** All that wait, less what an interrupted publication left although it had been published. */
export async function listPending(store: RepositoryStore, published: Repository | undefined): Promise<readonly Pending[]> {
  const found: Pending[] = []
  for (const role of ['root', 'targets', ...delegatedRoles] as const) {
    const pending = await findPending(store, role)
    if (pending === undefined) continue
    if (pending.document.signed.version > publishedVersion(published, role)) found.push(pending)
    else await removePending(store, role)
  }
  return found
}

export function publishedVersion(published: Repository | undefined, role: OfflineRole): number {
  const stored = role === 'root' ? published?.root : published?.roles.get(role)
  return stored?.document.signed.version ?? 0
}
