// SPDX-License-Identifier: Apache-2.0
//
// Signs timestamp and snapshot anew before they expire; no approval is needed and nothing else changes.
import { isApproved, rootKeySet } from './approvals.ts'
import { defaultLifetimes, secondsOf } from './lifetimes.ts'
import type { SnapshotSigned, TimestampSigned } from './metadata.ts'
import { nextSnapshot, nextTimestamp, signOnline } from './online.ts'
import type { PublishOptions } from './publish.ts'
import { takingBack } from './put-files.ts'
import { type Repository, readRepository, type Stored } from './repository.ts'
import { type RepositoryStore, snapshotFile, timestampFile } from './store.ts'

/**
 * Renews each of the two that has less than half of its lifetime left, or is not validly signed under the present root.
 * @returns what was renewed; a new snapshot always needs a new timestamp.
 * @throws PublishError `repository-missing`, `repository-invalid`, `online-key-missing`, `signature-invalid`.
 */
export async function renew(store: RepositoryStore, options: PublishOptions): Promise<'nothing' | 'timestamp' | 'snapshot-and-timestamp'> {
  const { now, online, lifetimes } = { lifetimes: defaultLifetimes, ...options }
  return await store.exclusively(async () => {
    const published = await readRepository(store)
    const root = published.root.document.signed
    const isDue = (stored: Stored<SnapshotSigned | TimestampSigned>, lifetime: number) =>
      secondsOf(stored.document.signed.expires) - now < lifetime / 2 ||
      !isApproved(stored.document, rootKeySet(root, stored.document.signed._type), new Map())
    const newSnapshot = isDue(published.snapshot, lifetimes.snapshot)
    if (!newSnapshot && !isDue(published.timestamp, lifetimes.timestamp)) return 'nothing'

    const { snapshot, timestamp } = nextVersions(published)
    const stored = newSnapshot
      ? await signOnline(nextSnapshot(snapshot, published.roles, { now, online, lifetimes }), [root], online)
      : published.snapshot
    const signed = await signOnline(nextTimestamp(timestamp, stored, { now, online, lifetimes }), [root], online)
    if (newSnapshot) await takingBack(store, (write) => write(snapshotFile(snapshot), stored.bytes))
    await store.write(timestampFile, signed.bytes)
    return newSnapshot ? 'snapshot-and-timestamp' : 'timestamp'
  })
}

const nextVersions = ({ snapshot, timestamp }: Repository) => ({
  snapshot: snapshot.document.signed.version + 1,
  timestamp: timestamp.document.signed.version + 1,
})
