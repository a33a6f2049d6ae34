// SPDX-License-Identifier: Apache-2.0
//
// What a device that holds one package whole has to fetch for another: the objects of the second that the first does not have.
import type { ObjectSource } from '../store/object-store.ts'
import { add, newSum, type ObjectSum } from './object-sum.ts'
import { neededObjects, type OpenPackage } from './reach.ts'

export interface PackageDiff {
  /** All that the second one needs. */
  readonly whole: ObjectSum
  /** Of these, what the first one lacks. */
  readonly fetched: ObjectSum
  /** The same by the second one's disks; an object that several disks have counts for the first of them. */
  readonly disks: readonly ({ readonly disk: string } & ObjectSum)[]
}

/**
 * Reads roots and pages of both. Files that the manifest names count without their few bytes.
 * @param from null: a device that has nothing.
 * @throws PackageError as `neededObjects`; the reason of `signal`.
 */
export async function diffPackages(from: OpenPackage | null, to: OpenPackage, store: ObjectSource, signal?: AbortSignal): Promise<PackageDiff> {
  const options = signal === undefined ? {} : { signal }
  const held = new Set<string>()
  if (from !== null) for await (const { name } of neededObjects(from, store, options)) held.add(name)
  const seen = new Set<string>()
  const [whole, fetched] = [newSum(), newSum()]
  const disks = new Map(to.manifest.disks.map(({ name }) => [name, newSum()]))
  for await (const { name, disk, storedLength } of neededObjects(to, store, options)) {
    if (seen.has(name)) continue
    seen.add(name)
    const bytes = storedLength ?? 0
    add(whole, bytes)
    if (held.has(name)) continue
    add(fetched, bytes)
    const sum = disks.get(disk ?? '')
    if (sum !== undefined) add(sum, bytes)
  }
  return { whole, fetched, disks: [...disks].map(([disk, sum]) => ({ disk, ...sum })) }
}
