// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { UpdateError } from './error.ts'
import { checkExpiry, checkFloor, type Floors } from './floors.ts'
import type { Root, UnknownFields } from './metadata-schema.ts'
import { metadataFile } from './place.ts'
import { readRoot, readSnapshot, readTargets, readTimestamp } from './read-metadata.ts'
import { findFile } from './working-copy.ts'

export interface StateRules {
  /** Verified time, unix seconds. */
  readonly now: number
  /** Lowest versions that are accepted under a root. */
  readonly floors: (root: Root) => Floors
  readonly unknownFields: UnknownFields
}

/**
 * The last look at what tuf-js has verified in `work`: its clock is not ours, and local files have not come through the gate.
 * @returns the versions that hold now.
 * @throws UpdateError `not-refreshed` when a file is missing, `metadata-expired`, `rollback`.
 */
export async function checkPresentState(work: string, { now, floors, unknownFields }: StateRules): Promise<Floors> {
  const load = async (role: string) => {
    const bytes = await findFile(join(work, metadataFile(role)))
    if (bytes === undefined) throw new UpdateError('not-refreshed', `expected verified \`${role}\` metadata, found none: refresh first`)
    return bytes
  }
  const root = readRoot(await load('root'), unknownFields)
  const timestamp = readTimestamp(await load('timestamp'), unknownFields)
  const snapshot = readSnapshot(await load('snapshot'), unknownFields)
  checkExpiry('root', root, now)
  checkExpiry('timestamp', timestamp, now)
  checkExpiry('snapshot', snapshot, now)
  for (const [file, { version }] of Object.entries(snapshot.meta)) {
    const role = file.slice(0, -'.json'.length)
    const bytes = await findFile(join(work, metadataFile(role)))
    if (bytes === undefined && role !== 'targets') continue
    const targets = readTargets(role, bytes ?? (await load(role)), unknownFields)
    // A delegated role of another version was not needed this time; tuf-js fetches it anew when it is.
    if (targets.version === version) checkExpiry(role, targets, now)
  }
  const lowest = floors(root)
  checkFloor('root', root.version, lowest.root)
  checkFloor('snapshot', snapshot.version, lowest.snapshot)
  checkFloor('timestamp', timestamp.version, lowest.timestamp)
  return { root: root.version, snapshot: snapshot.version, timestamp: timestamp.version }
}
