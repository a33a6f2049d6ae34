// SPDX-License-Identifier: Apache-2.0
//
// The log of every policy and release: what each published version of those roles added and took back, in the order of snapshots. It is
// read off the repository, which keeps all its versions, so it cannot say anything else than what devices were served.
import { canonicalJson } from '@casemate/policy/canonical-json'
import { leafHash } from '@casemate/policy/merkle-tree'
import { PublishError } from '../publish/error.ts'
import { readSnapshot, readTargets, type TargetsSigned } from '../publish/metadata.ts'
import { readRepository, sha256Of } from '../publish/repository.ts'
import { type RepositoryStore, roleFile, snapshotFile } from '../publish/store.ts'

const loggedRoles = ['policies', 'releases'] as const
type LoggedRole = (typeof loggedRoles)[number]

export interface LogEntry {
  readonly role: LoggedRole
  /** Of the role's metadata. */
  readonly version: number
  readonly change: 'added' | 'removed'
  readonly path: string
  readonly sha256: string
  /** Bytes. */
  readonly length: number
}

/**
 * All entries; those of one version removed ones first, each sorted by path.
 * @throws PublishError `repository-missing`; `repository-invalid` where a version that was published is missing or altered.
 */
export async function readLog(store: RepositoryStore): Promise<readonly LogEntry[]> {
  const { snapshot } = await readRepository(store)
  const entries: LogEntry[] = []
  const published = new Map<LoggedRole, { readonly version: number; readonly targets: TargetsSigned['targets'] }>()
  for (let number = 1; number <= snapshot.document.signed.version; number += 1) {
    const { meta } = readSnapshot(await readThere(store, snapshotFile(number))).signed
    for (const role of loggedRoles) {
      const before = published.get(role) ?? { version: 0, targets: {} }
      const named = meta[`${role}.json`]
      if (named === undefined || named.version === before.version) continue
      if (named.version !== before.version + 1) {
        throw new PublishError(
          'repository-invalid',
          `expected version ${before.version + 1} of \`${role}\` in snapshot ${number}, found ${named.version}`,
        )
      }
      const bytes = await readThere(store, roleFile(role, named.version))
      if (sha256Of(bytes) !== named.hashes.sha256) {
        throw new PublishError('repository-invalid', `\`${roleFile(role, named.version)}\` is not the file that was published`)
      }
      const { targets } = readTargets(bytes).signed
      entries.push(...changesOf(role, named.version, before.targets, targets))
      published.set(role, { version: named.version, targets })
    }
  }
  return entries
}

function changesOf(role: LoggedRole, version: number, before: TargetsSigned['targets'], after: TargetsSigned['targets']): readonly LogEntry[] {
  const onlyIn = (these: TargetsSigned['targets'], those: TargetsSigned['targets'], change: LogEntry['change']) =>
    Object.entries(these)
      .filter(([path, { hashes }]) => those[path]?.hashes.sha256 !== hashes.sha256)
      .map(([path, { length, hashes }]): LogEntry => ({ role, version, change, path, sha256: hashes.sha256, length }))
      .sort((one, other) => (one.path < other.path ? -1 : 1))
  return [...onlyIn(before, after, 'removed'), ...onlyIn(after, before, 'added')]
}

/** A leaf of the tree: the entry's canonical JSON (RFC 8785). */
export async function leafOf(entry: LogEntry): Promise<Uint8Array<ArrayBuffer>> {
  return await leafHash(new TextEncoder().encode(canonicalJson(entry)))
}

async function readThere(store: RepositoryStore, name: string): Promise<Uint8Array> {
  const bytes = await store.read(name)
  if (bytes === undefined) throw new PublishError('repository-invalid', `expected \`${name}\`, found nothing`)
  return bytes
}
