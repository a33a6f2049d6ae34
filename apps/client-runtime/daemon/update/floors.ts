// SPDX-License-Identifier: Apache-2.0
//
// Never older: the lowest versions that a device still accepts, as it has seen them itself or as its lease names them.
import { UpdateError } from './error.ts'
import { keyIdentity } from './key-identity.ts'
import type { Root } from './metadata-schema.ts'

/** Versions; 0 where nothing is known. Snapshot and timestamp were seen under root `root`. */
export interface Floors {
  readonly root: number
  readonly snapshot: number
  readonly timestamp: number
}

export const noFloors: Floors = { root: 0, snapshot: 0, timestamp: 0 }

/**
 * What holds under `root`. Where a key of snapshot or timestamp was taken away since, both lines start anew (TUF 5.3.11): it is how
 * an organisation recovers from a thief who signed absurdly high versions.
 * @param rootOf the root of a version, if this device has verified it.
 */
export function floorsUnder(root: Root, sources: readonly Floors[], rootOf: (version: number) => Root | undefined): Floors {
  const valid = sources.map((floors) => {
    const then = rootOf(floors.root)
    return then !== undefined && isRotated(then, root) ? { ...noFloors, root: floors.root } : floors
  })
  const highest = (line: keyof Floors) => Math.max(0, ...valid.map((floors) => floors[line]))
  return { root: highest('root'), snapshot: highest('snapshot'), timestamp: highest('timestamp') }
}

/** Whether a key that `before` lists for snapshot or timestamp may no longer sign it under `after`. */
export function isRotated(before: Root, after: Root): boolean {
  return (['snapshot', 'timestamp'] as const).some((role) => {
    const kept = new Set(keysOf(after, role))
    return keysOf(before, role).some((key) => !kept.has(key))
  })
}

function keysOf(root: Root, role: 'snapshot' | 'timestamp'): readonly string[] {
  return root.roles[role].keyids.flatMap((keyId) => {
    const key = root.keys[keyId]
    return key === undefined ? [] : [keyIdentity(keyId, key)]
  })
}

/** @throws UpdateError `rollback` */
export function checkFloor(what: string, found: number, floor: number): void {
  if (found < floor) throw new UpdateError('rollback', `expected \`${what}\` of version ${floor} or later, found ${found}`)
}

/**
 * @param now unix seconds.
 * @throws UpdateError `metadata-expired`
 */
export function checkExpiry(what: string, { version, expires }: { readonly version: number; readonly expires: string }, now: number): void {
  if (Date.parse(expires) / 1000 <= now) throw new UpdateError('metadata-expired', `version ${version} of \`${what}\` expired at ${expires}`)
}
