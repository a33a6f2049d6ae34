// SPDX-License-Identifier: Apache-2.0
//
// Garbage collection. An object stays while a package that was given needs it, and while it is young: a seal that broke off, or whose
// package nobody has told of yet, finds its objects again. Nobody may write meanwhile (claim.ts). Objects depend on nobody's
// order, so a kill in between leaves fewer objects that nobody needs and nothing else.
import { type Claim, claimForCleaning } from '../store/claim.ts'
import type { ObjectStore, StoredObject } from '../store/object-store.ts'
import { add, newSum, type ObjectSum } from './object-sum.ts'
import { neededObjects, type OpenPackage } from './reach.ts'

export interface CollectOptions {
  readonly store: ObjectStore
  /** Every package that is to be kept. */
  readonly packages: readonly OpenPackage[]
  /** What was put since then stays. */
  readonly graceSeconds: number
  /** False: only says what would go. */
  readonly delete: boolean
  readonly now?: () => number
  readonly signal?: AbortSignal
}

export interface CollectReport {
  /** Needed by a package. */
  readonly needed: ObjectSum
  /** Needed by none, and too young to go. */
  readonly young: ObjectSum
  /** Needed by none: deleted, or what would be. */
  readonly unused: ObjectSum
  /** Parts of puts that broke off, likewise. */
  readonly leftovers: ObjectSum
  readonly deleted: boolean
}

/** Parts of puts are of use to nobody; this is for those of writers that make no claim. */
const leftoverGraceMs = 3_600_000

/**
 * What a package needs must all be known: a root or page that cannot be read ends it before anything is deleted.
 * @throws PackageError as `neededObjects`, `store-busy`, `claim-lapsed`; the reason of `signal`.
 */
export async function collectGarbage(options: CollectOptions): Promise<CollectReport> {
  if (!options.delete) return await sweep(options, null)
  const claim = await claimForCleaning(options.store, options.now)
  try {
    return await sweep(options, claim)
  } finally {
    await claim.release()
  }
}

async function sweep({ store, packages, graceSeconds, now = Date.now, signal }: CollectOptions, claim: Claim | null): Promise<CollectReport> {
  const kept = new Set<string>()
  for (const wanted of packages) {
    for await (const { name } of neededObjects(wanted, store, signal === undefined ? {} : { signal })) kept.add(name)
  }
  const [needed, young, unused, leftovers] = [newSum(), newSum(), newSum(), newSum()]
  const oldest = now() - graceSeconds * 1000
  const unneeded: StoredObject[] = []
  for await (const object of store.list()) {
    signal?.throwIfAborted()
    if (kept.has(object.name)) add(needed, object.size)
    else if (object.putAt > oldest) add(young, object.size)
    else unneeded.push(object)
  }
  for (const { name, size } of unneeded) {
    signal?.throwIfAborted()
    claim?.check()
    if (claim === null || (await store.delete(name))) add(unused, size)
  }
  for await (const { id, size, writtenAt } of store.leftovers()) {
    if (writtenAt > now() - leftoverGraceMs) continue
    claim?.check()
    if (claim !== null) await store.deleteLeftover(id)
    add(leftovers, size)
  }
  return { needed, young, unused, leftovers, deleted: claim !== null }
}
