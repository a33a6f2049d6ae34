// SPDX-License-Identifier: Apache-2.0
//
// Reads a whole package from a store as a device would and lists everything that is missing or altered. It goes on after a problem,
// changes nothing, and answers only for the store's bytes as they were read.
import { hash } from 'node:crypto'
import { forEachConcurrent } from './concurrent.ts'
import { fetchTemplate } from './customization/template.ts'
import { PackageError, type PackageErrorCode } from './error.ts'
import { mostEulaBytes } from './eula.ts'
import { rootLength } from './index/root.ts'
import type { Manifest, ManifestDisk } from './manifest.ts'
import { fetchPrefetchList } from './prefetch/list.ts'
import { openDiskIndex, pageLength } from './read/disk-index.ts'
import { ObjectOpener } from './read/object-opener.ts'
import { openingPool } from './read/opening-pool.ts'
import { fetchScripts } from './scripts/package-scripts.ts'
import { mostObjectBytes, type ObjectSource, type ObjectStore } from './store/object-store.ts'
import { missingPart } from './warm-state/head.ts'
import { openWarmState } from './warm-state/read.ts'

const concurrentObjects = 8

export interface VerifyProblem {
  /** Null where it is not known to which disk the object belongs. */
  readonly disk: string | null
  readonly object: string
  readonly code: PackageErrorCode
  readonly message: string
}

export interface VerifyReport {
  /** Objects read, each once. */
  readonly objects: number
  /** Stored bytes of these. */
  readonly bytes: number
  readonly problems: readonly VerifyProblem[]
}

export interface VerifyOptions {
  readonly manifest: Manifest
  readonly onProgress?: (done: { readonly objects: number; readonly bytes: number }) => void
  readonly signal?: AbortSignal
}

/**
 * Every object of the package: name, tag, content.
 * @param packageKey 32 bytes.
 * @throws the reason of `signal`.
 */
export async function verifyPackage(
  options: VerifyOptions & { readonly packageKey: Uint8Array; readonly store: ObjectSource },
): Promise<VerifyReport> {
  const tally = new Tally(options)
  for (const disk of options.manifest.disks) await verifyDisk(disk, options.packageKey, options.store, tally)
  await verifyEula(options.manifest, options.store, tally)
  await verifyPrefetch(options.manifest, options.store, tally)
  const { customization } = options.manifest
  if (customization !== undefined) {
    await tally.check(null, customization.sha256, 0, () => fetchTemplate(options.store, customization.sha256, options.packageKey))
  }
  const { scripts } = options.manifest
  if (!Array.isArray(scripts)) await tally.check(null, scripts.sha256, 0, () => fetchScripts(options.store, scripts, options.packageKey))
  await verifyWarmState(options, tally)
  return tally.report()
}

/**
 * Without the key nobody can tell which objects belong to the package. This reads all of the store, each object against its name,
 * and looks for the root pages.
 * @throws the reason of `signal`.
 */
export async function verifyNames(options: VerifyOptions & { readonly store: ObjectStore }): Promise<VerifyReport> {
  const { manifest, store } = options
  const tally = new Tally(options)
  for (const { name, root, size } of manifest.disks) {
    await tally.check(name, root, rootLength(size), async () => {
      if (!(await isNamedRight(store, root, rootLength(size))))
        throw new PackageError('root-missing', `disk \`${name}\`: root \`${root}\` cannot be had`)
    })
  }
  await verifyEula(manifest, store, tally)
  await verifyPrefetch(manifest, store, tally)
  const { warmState } = manifest
  if (warmState !== null) {
    await tally.check(null, warmState.sha256, 0, async () => {
      if (!(await isNamedRight(store, warmState.sha256, mostObjectBytes))) throw missingPart(warmState.sha256)
    })
  }
  await forEachConcurrent(store.list(), concurrentObjects, async ({ name, size }) => {
    await tally.check(null, name, size, () => isNamedRight(store, name, size))
  })
  return tally.report()
}

async function verifyEula({ eula }: Manifest, store: ObjectSource, tally: Tally): Promise<void> {
  if (eula === null) return
  const { sha256 } = eula
  // Its few bytes are left out of the sum.
  await tally.check(null, sha256, 0, async () => {
    if (!(await isNamedRight(store, sha256, mostEulaBytes))) throw new PackageError('eula-missing', `the EULA \`${sha256}\` cannot be had`)
  })
}

async function verifyPrefetch({ prefetch }: Manifest, store: ObjectSource, tally: Tally): Promise<void> {
  // Its few bytes are left out of the sum.
  if (prefetch !== null) await tally.check(null, prefetch.sha256, 0, () => fetchPrefetchList(store, prefetch.sha256))
}

async function verifyWarmState(
  { manifest, packageKey, store }: { readonly manifest: Manifest; readonly packageKey: Uint8Array; readonly store: ObjectSource },
  tally: Tally,
): Promise<void> {
  const { warmState, disks } = manifest
  if (warmState === null) return
  // The head's few bytes are left out of the sum.
  const warm = await tally.check(null, warmState.sha256, 0, () => openWarmState(store, { disks, warmState }, packageKey))
  for (const [at, { name, storedLength }] of (warm?.pieces ?? []).entries()) await tally.check(null, name, storedLength, async () => warm?.piece(at))
}

/** False when there is no such object. @throws PackageError `object-altered` */
async function isNamedRight(store: ObjectSource, name: string, maxBytes: number): Promise<boolean> {
  const bytes = await store.get(name, maxBytes)
  if (bytes === null) return false
  const found = hash('sha256', bytes, 'hex')
  if (found !== name) throw new PackageError('object-altered', `object \`${name}\`: its bytes have the SHA-256 \`${found}\``)
  return true
}

async function verifyDisk(disk: ManifestDisk, packageKey: Uint8Array, origin: ObjectSource, tally: Tally): Promise<void> {
  const opener = new ObjectOpener({ disk: disk.name, origin, cache: null, pool: openingPool(), onEvent: () => undefined })
  const index = await tally.check(disk.name, disk.root, rootLength(disk.size), () => openDiskIndex(opener, disk, packageKey))
  for (const [at, page] of (index?.pages ?? []).entries()) {
    // A page that two regions share has the same chunks in both.
    const runs = await tally.check(disk.name, page.name, page.storedLength, async () => {
      return await index?.region(at, () => opener.open('page', page, pageLength(page)))
    })
    await forEachConcurrent(runs ?? [], concurrentObjects, async ({ object, length }) => {
      if (object !== null) await tally.check(disk.name, object.name, object.storedLength, () => opener.open('chunk', object, length))
    })
  }
}

/** What was read, each object once, and what was wrong with it. */
class Tally {
  readonly #options: VerifyOptions
  readonly #seen = new Set<string>()
  readonly #problems: VerifyProblem[] = []
  #bytes = 0

  constructor(options: VerifyOptions) {
    this.#options = options
  }

  /** What `read` gives; null when it threw a PackageError, which is noted, or when the object was read before. */
  async check<T>(disk: string | null, object: string, bytes: number, read: () => Promise<T>): Promise<T | null> {
    this.#options.signal?.throwIfAborted()
    if (this.#seen.has(object)) return null
    this.#seen.add(object)
    try {
      const found = await read()
      this.#bytes += bytes
      return found
    } catch (error) {
      if (!(error instanceof PackageError)) throw error
      this.#problems.push({ disk, object, code: error.code, message: error.message })
      return null
    } finally {
      this.#options.onProgress?.({ objects: this.#seen.size, bytes: this.#bytes })
    }
  }

  report(): VerifyReport {
    return { objects: this.#seen.size, bytes: this.#bytes, problems: this.#problems }
  }
}
