// SPDX-License-Identifier: Apache-2.0
import { createReadStream } from 'node:fs'
import type { Updater } from 'tuf-js'
import { findTarget } from './find-target.ts'
import type { Floors } from './floors.ts'
import { targetFile, type UpdatePlace } from './place.ts'
import { type UpdateOptions, type UpdateSource, withTuf } from './tuf-session.ts'
import type { HeldTarget } from './verified-copy.ts'

export interface Refreshed {
  /** Versions that were accepted: the floors of the next time. */
  readonly floors: Floors
  /** Targets of the verified copy that are still approved, and paths of those that no longer are: they were taken out. */
  readonly held: readonly HeldTarget[]
  readonly dropped: readonly string[]
}

/**
 * Second of the three operations: brings the metadata up to date, and the verified copy to what is still approved. When it fails,
 * the copy is as it was.
 * @throws UpdateError with the code of the first thing that is wrong; `metadata-expired` stops updates only.
 */
export async function refresh(place: UpdatePlace, source: UpdateSource, options: UpdateOptions): Promise<Refreshed> {
  return await withTuf(place, source, { ...options, mode: 'refresh' }, async ({ updater, accepted, checkState }) => {
    await updater.refresh()
    const held: HeldTarget[] = []
    for (const target of accepted.targets) if (await isApproved(place, updater, target)) held.push(target)
    const versions = await checkState()
    const dropped = accepted.targets.filter((target) => !held.includes(target)).map(({ path }) => path)
    return { accepted: { versions, targets: held }, result: { floors: versions, held, dropped } }
  })
}

async function isApproved(place: UpdatePlace, updater: Updater, { path, sha256 }: HeldTarget): Promise<boolean> {
  const approved = await findTarget(updater, path)
  if (approved === undefined) return false
  if (approved.hashes.sha256 !== undefined) return approved.hashes.sha256 === sha256
  return await approved.verify(createReadStream(targetFile(place, sha256))).then(
    () => true,
    () => false,
  )
}
