// SPDX-License-Identifier: Apache-2.0
//
// What a store publishes now: timestamp names the snapshot, the snapshot names every targets role, each by SHA-256. Signatures are
// checked when something new is built on it (publish.ts); devices check them all.
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Holders } from './approvals.ts'
import { PublishError } from './error.ts'
import type { HeldKey } from './key.ts'
import {
  type Document,
  delegatedRoles,
  type RootSigned,
  read,
  readRoot,
  readSnapshot,
  readTargets,
  readTimestamp,
  type Signed,
  type SnapshotSigned,
  type TargetsRole,
  type TargetsSigned,
  type TimestampSigned,
} from './metadata.ts'
import { holdersFile, metadataFolder, type RepositoryStore, roleFile, rootVersion, snapshotFile, timestampFile } from './store.ts'

/** A document with the bytes that are served. */
export interface Stored<S extends Signed> {
  readonly document: Document<S>
  readonly bytes: Uint8Array
}

export interface Repository {
  readonly root: Stored<RootSigned>
  readonly timestamp: Stored<TimestampSigned>
  readonly snapshot: Stored<SnapshotSigned>
  readonly targets: Stored<TargetsSigned>
  /** `targets` and every delegated role that has been published. */
  readonly roles: ReadonlyMap<TargetsRole, Stored<TargetsSigned>>
}

/**
 * @returns undefined where nothing has been published yet.
 * @throws PublishError `repository-invalid` for a missing or altered file, `metadata-invalid` for one that cannot be read.
 */
export async function findRepository(store: RepositoryStore): Promise<Repository | undefined> {
  const version = await lastRoot(store)
  if (version === 0) return undefined
  const root = await load(store, roleFile('root', version), readRoot)
  const timestamp = await load(store, timestampFile, readTimestamp)
  const snapshotMeta = timestamp.document.signed.meta['snapshot.json']
  const snapshot = await load(store, snapshotFile(snapshotMeta.version), readSnapshot, snapshotMeta.hashes.sha256)
  const roles = new Map<TargetsRole, Stored<TargetsSigned>>()
  for (const role of ['targets', ...delegatedRoles] as const) {
    const meta = snapshot.document.signed.meta[`${role}.json`]
    if (meta !== undefined) roles.set(role, await load(store, roleFile(role, meta.version), readTargets, meta.hashes.sha256))
  }
  const targets = roles.get('targets')
  if (targets === undefined) throw new PublishError('repository-invalid', 'the snapshot does not name `targets.json`')
  return { root, timestamp, snapshot, targets, roles }
}

/** @throws PublishError `repository-missing`, and as {@link findRepository}. */
export async function readRepository(store: RepositoryStore): Promise<Repository> {
  const repository = await findRepository(store)
  if (repository === undefined) throw new PublishError('repository-missing', 'expected a published repository, found none')
  return repository
}

async function lastRoot(store: RepositoryStore): Promise<number> {
  const versions = (await store.list(metadataFolder)).map(rootVersion).filter((version) => version !== undefined)
  const last = Math.max(0, ...versions)
  if (versions.length !== last) throw new PublishError('repository-invalid', `expected every root from 1 to ${last}, found ${versions.length}`)
  return last
}

async function load<S extends Signed>(
  store: RepositoryStore,
  name: string,
  parse: (bytes: Uint8Array) => Document<S>,
  sha256?: string,
): Promise<Stored<S>> {
  const bytes = await store.read(name)
  if (bytes === undefined) throw new PublishError('repository-invalid', `expected \`${name}\`, found nothing`)
  if (sha256 !== undefined && sha256Of(bytes) !== sha256)
    throw new PublishError('repository-invalid', `\`${name}\` is not the file that was published`)
  return { document: parse(bytes), bytes }
}

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const holderTable = z.record(z.string().regex(/^[0-9a-f]{64}$/), z.string().min(1).max(200))

export async function readHolders(store: RepositoryStore): Promise<Holders> {
  const bytes = await store.read(holdersFile)
  return new Map(bytes === undefined ? [] : Object.entries(read('holders', holderTable, bytes)))
}

/**
 * A key stays its first holder's, otherwise one person's two keys could become two people's.
 * @throws PublishError `holder-changed`
 */
export async function addHolders(store: RepositoryStore, keys: readonly HeldKey[]): Promise<void> {
  const holders = new Map(await readHolders(store))
  for (const { keyId, holder } of keys) {
    const known = holders.get(keyId)
    if (known !== undefined && known !== holder) {
      throw new PublishError('holder-changed', `key \`${keyId}\` is held by \`${known}\`, not by \`${holder}\``)
    }
    holders.set(keyId, holder)
  }
  await store.write(holdersFile, new TextEncoder().encode(JSON.stringify(Object.fromEntries(holders))))
}
