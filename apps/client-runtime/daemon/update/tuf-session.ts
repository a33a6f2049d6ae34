// SPDX-License-Identifier: Apache-2.0
//
// One use of tuf-js: in a working copy, behind the gate, with every refusal named. Whatever was verified is kept, and the list of
// accepted targets is replaced last and only on success.
import { join } from 'node:path'
import { Updater } from 'tuf-js'
import { checkClock, type UpdateTime } from './clock.ts'
import type { FetchFile } from './fetch-file.ts'
import { type Floors, floorsUnder } from './floors.ts'
import { Gate } from './gate.ts'
import { defaultLimits, type Limits, mostDelegations, mostRoots } from './limits.ts'
import type { Root, UnknownFields } from './metadata-schema.ts'
import { nameRefusal } from './name-refusal.ts'
import { metadataFile, rootFile, type UpdatePlace } from './place.ts'
import { checkPresentState } from './present-state.ts'
import { readRoot } from './read-metadata.ts'
import { type Accepted, readAccepted, writeAccepted } from './verified-copy.ts'
import { findFile, inWorkingCopy, keepVerified } from './working-copy.ts'

/** Where a repository is fetched from. */
export interface UpdateSource {
  readonly metadataUrl: string
  readonly targetsUrl: string
  readonly fetch: FetchFile
  readonly limits?: Limits
  readonly unknownFields?: UnknownFields
}

export interface UpdateOptions extends UpdateTime {
  /** What the caller knows, for instance from the device's lease. What the place has accepted itself is added. */
  readonly floors: Floors
}

export interface TufSession {
  readonly updater: Updater
  readonly work: string
  readonly limits: Limits
  readonly accepted: Accepted
  /** Throws what `checkPresentState` throws. */
  checkState(): Promise<Floors>
}

/**
 * @param act gives what is accepted from now on, and its own result.
 * @throws UpdateError `clock-differs`, `not-initialised`, `storage-failed`, and what `act` is refused with.
 */
export async function withTuf<T>(
  place: UpdatePlace,
  source: UpdateSource,
  options: UpdateOptions & { readonly mode: 'refresh' | 'download' },
  act: (session: TufSession) => Promise<{ readonly accepted: Accepted; readonly result: T }>,
): Promise<T> {
  checkClock(options)
  const { fetch, limits = defaultLimits, unknownFields = 'refuse' } = source
  const { now, mode } = options
  const [metadataUrl, targetsUrl] = [folderUrl(source.metadataUrl), folderUrl(source.targetsUrl)]
  return await inWorkingCopy(place, async (work) => {
    const accepted = await readAccepted(place)
    const newestRoot = async () => readRoot((await findFile(join(work, metadataFile('root')))) ?? new Uint8Array(), unknownFields)
    const known = await knownRoots(place, [options.floors.root, accepted.versions.root], unknownFields)
    const fetchedRoots = new Map<number, Uint8Array>()
    const rootOf = (version: number) => known.get(version) ?? readIfThere(fetchedRoots.get(version), unknownFields)
    const floors = (root: Root) => floorsUnder(root, [options.floors, accepted.versions], rootOf)
    const trustedRoot = await newestRoot()
    const gate = new Gate({ metadataUrl, targetsUrl, fetch, limits, unknownFields, now, work, mode, floors, fetchedRoots, trustedRoot })
    const keep = async () => keepVerified(place, work, fetchedRoots, (await newestRoot()).version)
    try {
      const updater = new Updater({
        metadataDir: work,
        metadataBaseUrl: metadataUrl,
        targetBaseUrl: targetsUrl,
        fetcher: gate,
        forceCache: mode === 'download',
        config: { ...lengths(limits), maxRootRotations: mostRoots, maxDelegations: mostDelegations },
      })
      const checkState = () => checkPresentState(work, { now, floors, unknownFields })
      const outcome = await act({ updater, work, limits, accepted, checkState })
      if (gate.refusal !== undefined) throw gate.refusal
      await keep()
      await writeAccepted(place, outcome.accepted)
      return outcome.result
    } catch (error) {
      const refusal = gate.refusal ?? nameRefusal(error)
      await keep()
      throw refusal
    }
  })
}

const lengths = ({ root, timestamp, snapshot, targets }: Limits) => ({
  rootMaxLength: root,
  timestampMaxLength: timestamp,
  snapshotMaxLength: snapshot,
  targetsMaxLength: targets,
})

async function knownRoots(place: UpdatePlace, versions: readonly number[], unknownFields: UnknownFields): Promise<ReadonlyMap<number, Root>> {
  const roots = new Map<number, Root>()
  for (const version of versions) {
    const root = readIfThere(await findFile(rootFile(place, version)), unknownFields)
    if (root !== undefined) roots.set(version, root)
  }
  return roots
}

const readIfThere = (bytes: Uint8Array | undefined, unknownFields: UnknownFields): Root | undefined =>
  bytes === undefined ? undefined : readRoot(bytes, unknownFields)

const folderUrl = (url: string): string => new URL(url.endsWith('/') ? url : `${url}/`).toString()
