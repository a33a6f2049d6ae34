// SPDX-License-Identifier: Apache-2.0
//
// Where a repository lives, and the name of every file in it. `metadata/` and `targets/` are what devices fetch, as they are;
// the rest is the console's own and is never served.
import type { OfflineRole } from './metadata.ts'

export interface RepositoryStore {
  read(name: string): Promise<Uint8Array | undefined>
  /**
   * On return the file is wholly there and durable; a reader sees the old bytes or the new ones, nothing between.
   * @throws PublishError `storage-full`
   */
  write(name: string, bytes: Uint8Array): Promise<void>
  /** Nothing to do when it is not there. */
  remove(name: string): Promise<void>
  /** Names of the files directly in `folder`, with the folder's name; none when it is not there. */
  list(folder: string): Promise<readonly string[]>
  /**
   * Runs one act at a time, over all processes that use this store.
   * @throws PublishError `repository-busy` when another process is at work.
   */
  exclusively<T>(act: () => Promise<T>): Promise<T>
  /**
   * For whoever writes several files and records: what could not be ended is not begun.
   * @throws PublishError `storage-full` where not even the spare room for such an act is left.
   */
  requireRoom(): Promise<void>
}

export const metadataFolder = 'metadata'
export const timestampFile = 'metadata/timestamp.json'
export const snapshotFile = (version: number): string => `metadata/${version}.snapshot.json`
export const roleFile = (role: OfflineRole, version: number): string => `metadata/${version}.${role}.json`

/** Version in a root file's name, or undefined for other files. */
export function rootVersion(name: string): number | undefined {
  const digits = /^metadata\/([1-9][0-9]{0,8})\.root\.json$/.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** Consistent snapshots (TUF 6.2): `packages/a/1.json` is served as `targets/packages/a/<sha256>.1.json`. */
export function targetFile(path: string, sha256: string): string {
  const slash = path.lastIndexOf('/') + 1
  return `targets/${path.slice(0, slash)}${sha256}.${path.slice(slash)}`
}

export const pendingFile = (role: OfflineRole): string => `pending/${role}.json`
export const pendingTargetsFolder = (role: OfflineRole): string => `pending/${role}`
export const pendingTargetFile = (role: OfflineRole, sha256: string): string => `pending/${role}/${sha256}`
export const holdersFile = 'holders.json'
