// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { UpdateError } from './error.ts'
import { findTarget } from './find-target.ts'
import { nameRefusal } from './name-refusal.ts'
import { targetFile, type UpdatePlace } from './place.ts'
import { type UpdateOptions, type UpdateSource, withTuf } from './tuf-session.ts'
import { type HeldTarget, sha256OfFile } from './verified-copy.ts'
import { moveWhole } from './write-whole.ts'

/**
 * Third of the three operations: fetches a target that the metadata of the last refresh approves, into the verified copy. What is
 * there already is not fetched again.
 * @throws UpdateError `path-invalid`, `not-refreshed`, `metadata-expired`, `rollback`, `target-unknown`, `target-altered`,
 * `too-large`, and those of a delegated role's metadata.
 */
export async function downloadTarget(
  place: UpdatePlace,
  source: UpdateSource,
  options: UpdateOptions & { readonly path: string },
): Promise<HeldTarget> {
  const { path } = options
  checkPath(path)
  return await withTuf(place, source, { ...options, mode: 'download' }, async ({ updater, work, accepted, limits, checkState }) => {
    const versions = await checkState()
    const approved = await findTarget(updater, path)
    if (approved === undefined) throw new UpdateError('target-unknown', `the repository approves no target \`${path}\``)
    if (approved.length > limits.target) {
      throw new UpdateError('too-large', `expected at most ${limits.target} bytes for \`${path}\`, found ${approved.length}`)
    }
    const kept = accepted.targets.find((target) => target.path === path && target.sha256 === approved.hashes.sha256)
    if (kept !== undefined && (await isWhole(place, kept))) return { accepted, result: kept }
    const fetched = join(work, 'target')
    await updater.downloadTarget(approved, fetched).catch((error: unknown) => {
      throw nameTargetRefusal(error)
    })
    const sha256 = await sha256OfFile(fetched)
    if (sha256 === null) throw new UpdateError('storage-failed', `\`${path}\` was fetched and is gone`)
    const held: HeldTarget = { path, sha256, length: approved.length }
    await moveWhole(fetched, targetFile(place, held.sha256))
    const others = accepted.targets.filter((target) => target.path !== path)
    return { accepted: { versions, targets: [...others, held] }, result: held }
  })
}

/** A path becomes part of an address and says nothing else. */
function checkPath(path: string): void {
  const parts = path.split('/')
  if (path.length <= 1000 && !/[\\?#%\p{Cc}]/u.test(path) && parts.every((part) => part !== '' && part !== '.' && part !== '..')) return
  throw new UpdateError('path-invalid', `expected the path of a target, found \`${path}\``)
}

async function isWhole(place: UpdatePlace, { sha256 }: HeldTarget): Promise<boolean> {
  return (await sha256OfFile(targetFile(place, sha256))) === sha256
}

function nameTargetRefusal(error: unknown): UpdateError {
  const refusal = nameRefusal(error)
  return refusal.code === 'metadata-altered' ? new UpdateError('target-altered', refusal.message, error) : refusal
}
