// SPDX-License-Identifier: Apache-2.0
//
// Reads a whole store, each object against its name, and each package's needs against the store. It changes nothing, unless it is to
// repair: then it removes objects that are not what their name says, so that the next seal stores them again.
import { hash } from 'node:crypto'
import { forEachConcurrent } from '../concurrent.ts'
import { PackageError, type PackageErrorCode } from '../error.ts'
import type { Manifest } from '../manifest.ts'
import { type Claim, claimForCleaning } from '../store/claim.ts'
import { mostObjectBytes, type ObjectStore, type StoredObject } from '../store/object-store.ts'
import { add, newSum, type ObjectSum } from './object-sum.ts'
import { type NeededObject, namedObjects, neededObjects } from './reach.ts'

const concurrentObjects = 8

export interface CheckedPackage {
  readonly manifest: Manifest
  /** Null: only what the manifest names is known to belong to it. */
  readonly packageKey: Uint8Array | null
}

/** What an object belongs to. */
export interface Owner {
  readonly package: string
  readonly version: string
  readonly disk: string | null
}

export interface StoreProblem {
  readonly code: PackageErrorCode
  readonly object: string
  /** Empty where no package that was given needs it. */
  readonly owners: readonly Owner[]
  readonly message: string
  /** By this run. */
  readonly removed: boolean
}

export interface StoreReport {
  /** Read. */
  readonly objects: ObjectSum
  /** Of these, those that no package that was given needs; null where that is not known for want of keys. */
  readonly unneeded: ObjectSum | null
  readonly problems: readonly StoreProblem[]
  /** Parts of puts that broke off, or that are under way: they harm nothing. */
  readonly leftovers: readonly { readonly id: string; readonly bytes: number }[]
}

export interface FsckOptions {
  readonly store: ObjectStore
  readonly packages: readonly CheckedPackage[]
  readonly repair: boolean
  readonly onProgress?: (read: ObjectSum) => void
  readonly signal?: AbortSignal
}

/** @throws PackageError `store-busy`, `claim-lapsed`, where it is to repair; the reason of `signal`. */
export async function checkStore(options: FsckOptions): Promise<StoreReport> {
  const claim = options.repair ? await claimForCleaning(options.store) : null
  try {
    return await new Check(options, claim).run()
  } finally {
    await claim?.release()
  }
}

interface Needed {
  readonly storedLength: number | null
  readonly owners: Owner[]
}

class Check {
  readonly #options: FsckOptions
  readonly #claim: Claim | null
  readonly #needed = new Map<string, Needed>()
  readonly #seen = new Set<string>()
  /** By object, so that each is told of once. */
  readonly #problems = new Map<string, StoreProblem>()
  readonly #read = newSum()
  readonly #unneeded = newSum()

  constructor(options: FsckOptions, claim: Claim | null) {
    this.#options = options
    this.#claim = claim
  }

  async run(): Promise<StoreReport> {
    const { store, packages, signal } = this.#options
    const faults: { readonly object: NeededObject; readonly fault: PackageError }[] = []
    for (const wanted of packages) await this.#gather(wanted, (object, fault) => faults.push({ object, fault }))
    await forEachConcurrent(store.list(), concurrentObjects, async (object) => {
      signal?.throwIfAborted()
      await this.#check(object)
    })
    for (const name of this.#needed.keys()) {
      if (this.#seen.has(name) || (await store.has(name))) continue
      this.#note('object-missing', name, `object \`${name}\` is not in the store`)
    }
    // Objects that are what their name says, and not what the index says.
    for (const { object, fault } of faults) if (!this.#problems.has(object.name)) this.#note(fault.code, object.name, fault.message)
    const leftovers: { readonly id: string; readonly bytes: number }[] = []
    for await (const { id, size } of store.leftovers()) leftovers.push({ id, bytes: size })
    const known = packages.length > 0 && packages.every(({ packageKey }) => packageKey !== null)
    return { objects: this.#read, unneeded: known ? this.#unneeded : null, problems: [...this.#problems.values()], leftovers }
  }

  async #gather({ manifest, packageKey }: CheckedPackage, onFault: (object: NeededObject, fault: PackageError) => void): Promise<void> {
    const { store, signal } = this.#options
    const objects =
      packageKey === null
        ? namedObjects(manifest)
        : neededObjects({ manifest, packageKey }, store, { onFault, ...(signal === undefined ? {} : { signal }) })
    for await (const { name, storedLength, disk } of objects) {
      const needed = this.#needed.get(name) ?? { storedLength, owners: [] }
      this.#needed.set(name, needed)
      const owner = { package: manifest.name, version: manifest.version, disk }
      if (!needed.owners.some((other) => other.package === owner.package && other.version === owner.version && other.disk === disk)) {
        needed.owners.push(owner)
      }
    }
  }

  async #check(object: StoredObject): Promise<void> {
    const { name, size } = object
    this.#seen.add(name)
    const needed = this.#needed.get(name)
    add(this.#read, size)
    if (needed === undefined) add(this.#unneeded, size)
    const found = await this.#sha256Of(object)
    this.#options.onProgress?.(this.#read)
    if (found === name || found === 'gone') {
      // A name that is right cannot have another length, unless the index is wrong.
      if (needed?.storedLength != null && needed.storedLength !== size && found === name) {
        this.#note('object-altered', name, `object \`${name}\`: the index says ${needed.storedLength} bytes, found ${size}`)
      }
      return
    }
    if (found === 'unreadable') return this.#note('object-unreadable', name, `object \`${name}\` cannot be read`)
    const length = needed?.storedLength ?? null
    const removed = await this.#remove(name)
    if (length !== null && size < length)
      return this.#note('object-truncated', name, `object \`${name}\`: expected ${length} bytes, found ${size}`, removed)
    const bytes = found === 'too-long' ? `${size} bytes, more than any object has` : `bytes with the SHA-256 \`${found}\``
    this.#note('object-altered', name, `object \`${name}\`: found ${bytes}`, removed)
  }

  async #sha256Of({ name, size }: StoredObject): Promise<string> {
    if (size > mostObjectBytes) return 'too-long'
    try {
      const bytes = await this.#options.store.get(name, mostObjectBytes)
      return bytes === null ? 'gone' : hash('sha256', bytes, 'hex')
    } catch (error) {
      return error instanceof PackageError && error.code === 'object-too-long' ? 'too-long' : 'unreadable'
    }
  }

  async #remove(name: string): Promise<boolean> {
    if (this.#claim === null) return false
    this.#claim.check()
    return await this.#options.store.delete(name)
  }

  #note(code: PackageErrorCode, object: string, message: string, removed = false): void {
    this.#problems.set(object, { code, object, owners: this.#needed.get(object)?.owners ?? [], message, removed })
  }
}
