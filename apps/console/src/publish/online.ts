// SPDX-License-Identifier: Apache-2.0
//
// Snapshot and timestamp: the part that the console signs by itself. It fixes which versions belong together and until when.
import { isApproved, rootKeySet } from './approvals.ts'
import { PublishError } from './error.ts'
import type { Signer } from './key.ts'
import { dateText, type Lifetimes } from './lifetimes.ts'
import { checkSize } from './limits.ts'
import {
  type Document,
  type RootSigned,
  type SnapshotSigned,
  type TargetsRole,
  type TargetsSigned,
  type TimestampSigned,
  writeDocument,
} from './metadata.ts'
import { type Stored, sha256Of } from './repository.ts'
import { signedBytes, signWith } from './signed-bytes.ts'

export interface OnlineOptions {
  /** Keys of snapshot and timestamp; when root replaces one, the old and the new. */
  readonly online: readonly Signer[]
  /** Unix seconds. */
  readonly now: number
  readonly lifetimes: Lifetimes
}

export function nextSnapshot(
  version: number,
  roles: ReadonlyMap<TargetsRole, Stored<TargetsSigned>>,
  { now, lifetimes }: OnlineOptions,
): SnapshotSigned {
  const meta = Object.fromEntries([...roles].map(([role, { document, bytes }]) => [`${role}.json`, metaOf(document.signed.version, bytes)]))
  return { _type: 'snapshot', spec_version: '1.0.31', version, expires: dateText(now + lifetimes.snapshot), meta }
}

export function nextTimestamp(version: number, snapshot: Stored<SnapshotSigned>, { now, lifetimes }: OnlineOptions): TimestampSigned {
  const meta = { 'snapshot.json': metaOf(snapshot.document.signed.version, snapshot.bytes) }
  return { _type: 'timestamp', spec_version: '1.0.31', version, expires: dateText(now + lifetimes.timestamp), meta }
}

const metaOf = (version: number, bytes: Uint8Array) => ({ version, length: bytes.byteLength, hashes: { sha256: sha256Of(bytes) } })

/**
 * Signs with every given key that one of `roots` names for the role, so that a device that has not seen the newest root yet still
 * accepts it.
 * @param roots newest first.
 * @throws PublishError `online-key-missing` when the newest root's threshold is not met, `signature-invalid`, `too-large`.
 */
export async function signOnline<S extends SnapshotSigned | TimestampSigned>(
  signed: S,
  roots: readonly [RootSigned, ...RootSigned[]],
  online: readonly Signer[],
): Promise<Stored<S>> {
  const bytes = signedBytes(signed)
  const role = signed._type
  const signatures = []
  for (const signer of online) {
    const key = roots
      .map((root) => (root.roles[role].keyids.includes(signer.keyId) ? root.keys[signer.keyId] : undefined))
      .find((found) => found !== undefined)
    if (key !== undefined) signatures.push(await signWith(signer, key, bytes))
  }
  const document: Document<S> = { signed, signatures }
  const set = rootKeySet(roots[0], role)
  if (!isApproved(document, set, new Map())) {
    throw new PublishError(
      'online-key-missing',
      `expected ${set.threshold} of the keys \`${set.keyids.join('`, `')}\` to sign \`${role}\`, found ${signatures.length}`,
    )
  }
  const stored = { document, bytes: writeDocument(document) }
  checkSize(role, stored.bytes.byteLength, role)
  return stored
}
