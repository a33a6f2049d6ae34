// SPDX-License-Identifier: Apache-2.0
//
// Puts out every waiting version that is approved, as one new state. Devices see the old state until `timestamp.json` is replaced,
// which is one rename; a failure before it takes back what had been written.
import { isApproved, rootKeySet } from './approvals.ts'
import { PublishError } from './error.ts'
import { defaultLifetimes } from './lifetimes.ts'
import type { OfflineRole, RootSigned, SnapshotSigned, TargetsRole, TargetsSigned, TimestampSigned } from './metadata.ts'
import { writeDocument } from './metadata.ts'
import { nextSnapshot, nextTimestamp, type OnlineOptions, signOnline } from './online.ts'
import { listPending, publishedVersion, removePending } from './pending.ts'
import { putTargets, takingBack } from './put-files.ts'
import { type Candidate, chooseReady } from './ready.ts'
import { findRepository, type Repository, readHolders, type Stored } from './repository.ts'
import { modelOf } from './signed-bytes.ts'
import { type RepositoryStore, roleFile, snapshotFile, timestampFile } from './store.ts'

export type PublishOptions = Omit<OnlineOptions, 'lifetimes'> & Partial<Pick<OnlineOptions, 'lifetimes'>>

export interface PublishResult {
  /** Empty when nothing that waits is approved: then nothing was changed. */
  readonly published: readonly { readonly role: OfflineRole; readonly version: number }[]
  readonly waiting: readonly OfflineRole[]
}

/**
 * @throws PublishError `online-key-missing`, `signature-invalid`, `pending-altered`, `repository-invalid`, `metadata-invalid`, `too-large`.
 */
export async function publish(store: RepositoryStore, options: PublishOptions): Promise<PublishResult> {
  return await store.exclusively(async () => {
    const published = await findRepository(store)
    const waiting = await listPending(store, published)
    for (const { role, document } of waiting) checkNext(role, document.signed.version, published)
    const candidate = chooseReady(published, waiting, await readHolders(store))
    if (candidate === undefined) return { published: [], waiting: waiting.map(({ role }) => role) }
    await putOut(store, published, candidate, { lifetimes: defaultLifetimes, ...options })
    for (const { role } of candidate.chosen) await removePending(store, role)
    return {
      published: candidate.chosen.map(({ role, document }) => ({ role, version: document.signed.version })),
      waiting: waiting.filter((pending) => !candidate.chosen.includes(pending)).map(({ role }) => role),
    }
  })
}

function checkNext(role: OfflineRole, found: number, published: Repository | undefined): void {
  const expected = publishedVersion(published, role) + 1
  if (found !== expected) throw new PublishError('pending-altered', `expected version ${expected} of \`${role}\` to wait, found ${found}`)
}

async function putOut(store: RepositoryStore, published: Repository | undefined, candidate: Candidate, options: OnlineOptions): Promise<void> {
  const root: Stored<RootSigned> = { document: candidate.root, bytes: writeDocument(candidate.root) }
  const newRoles = candidate.chosen.flatMap(({ role, document }) =>
    role === 'root' ? [] : [{ role, stored: { document, bytes: writeDocument(document) }, before: published?.roles.get(role) }],
  )
  const roles = new Map([...(published?.roles ?? []), ...newRoles.map(({ role, stored }) => [role, stored] as const)])
  const before = published?.root.document.signed
  const roots: readonly [RootSigned, ...RootSigned[]] = before === undefined ? [root.document.signed] : [root.document.signed, before]
  const snapshotVersion = (published?.snapshot.document.signed.version ?? 0) + 1
  const snapshot = await signOnline(nextSnapshot(snapshotVersion, roles, options), roots, options.online)
  const timestampVersion = (published?.timestamp.document.signed.version ?? 0) + 1
  const timestamp = await signOnline(nextTimestamp(timestampVersion, snapshot, options), roots, options.online)
  checkAsDevice(root, roles, snapshot, timestamp)

  await takingBack(store, async (write) => {
    for (const { role, stored, before } of newRoles) await putTargets(store, role, stored.document.signed, before?.document.signed, write)
    for (const { role, stored } of newRoles) await write(roleFile(role, stored.document.signed.version), stored.bytes)
    await write(snapshotFile(snapshotVersion), snapshot.bytes)
  })
  const newRoot = candidate.chosen.some(({ role }) => role === 'root')
  // A root that a device has seen is never taken back, so it goes last, unless the rest could not be read without it.
  const rootFirst = newRoot && before !== undefined && !isReadableUnder(before, timestamp, snapshot)
  if (rootFirst) await store.write(roleFile('root', root.document.signed.version), root.bytes)
  await store.write(timestampFile, timestamp.bytes)
  if (newRoot && !rootFirst) await store.write(roleFile('root', root.document.signed.version), root.bytes)
}

function isReadableUnder(root: RootSigned, timestamp: Stored<TimestampSigned>, snapshot: Stored<SnapshotSigned>): boolean {
  const nobody = new Map<string, string>()
  return isApproved(timestamp.document, rootKeySet(root, 'timestamp'), nobody) && isApproved(snapshot.document, rootKeySet(root, 'snapshot'), nobody)
}

/** The library that devices verify with says yes before anything is written. */
function checkAsDevice(
  root: Stored<RootSigned>,
  roles: ReadonlyMap<TargetsRole, Stored<TargetsSigned>>,
  snapshot: Stored<SnapshotSigned>,
  timestamp: Stored<TimestampSigned>,
): void {
  const targets = roles.get('targets')
  if (targets === undefined) throw new PublishError('repository-invalid', 'expected `targets`, found none')
  try {
    const rootModel = modelOf(root.document)
    rootModel.verifyDelegate('root', rootModel)
    rootModel.verifyDelegate('timestamp', modelOf(timestamp.document))
    rootModel.verifyDelegate('snapshot', modelOf(snapshot.document))
    const targetsModel = modelOf(targets.document)
    rootModel.verifyDelegate('targets', targetsModel)
    for (const { name } of targets.document.signed.delegations?.roles ?? []) {
      const role = roles.get(name)
      if (role !== undefined) targetsModel.verifyDelegate(name, modelOf(role.document))
    }
  } catch (cause) {
    throw new PublishError('repository-invalid', 'a device would refuse what is about to be published', cause)
  }
}
