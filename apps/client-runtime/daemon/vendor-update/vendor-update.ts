// SPDX-License-Identifier: Apache-2.0
//
// Runtime updates: verified and downloaded under the vendor's root alone, installed by nobody here. An organisation may demand a least
// version (`minRuntime`); its repository, its root and its keys have no say over code.
import { join } from 'node:path'
import type { VerifiedClock } from '../clock/verified-clock.ts'
import { downloadTarget } from '../update/download-target.ts'
import { UpdateError } from '../update/error.ts'
import { fetchPublic } from '../update/fetch-file.ts'
import { noFloors } from '../update/floors.ts'
import { initialise } from '../update/initialise.ts'
import { keyIdentity } from '../update/key-identity.ts'
import { defaultLimits } from '../update/limits.ts'
import type { Root } from '../update/metadata-schema.ts'
import { metadataFile, rootFile, targetFile, type UpdatePlace } from '../update/place.ts'
import { readRoot, readTargets } from '../update/read-metadata.ts'
import { refresh } from '../update/refresh.ts'
import type { UpdateOptions, UpdateSource } from '../update/tuf-session.ts'
import { keepOnly, readVerified, sha256Of } from '../update/verified-copy.ts'
import { findFile } from '../update/working-copy.ts'
import { newestAbove, parseRuntimeRelease, releaseTarget } from './runtime-release.ts'
import { readVendor, type Vendor } from './vendor-file.ts'

export interface VendorUpdateOptions {
  /** The vendor's own place; never an organisation's. */
  readonly place: UpdatePlace
  /** The organisation's place, whose keys may not be the vendor's. */
  readonly organisation: UpdatePlace
  /** Null: none was packaged. */
  readonly vendorFile: string | null
  /** Version that runs. */
  readonly version: string
  readonly platform: string
  readonly clock: Pick<VerifiedClock, 'now'>
}

export interface DownloadedRuntime {
  readonly version: string
  /** Where the verified file is. */
  readonly file: string
  readonly sha256: string
  /** In bytes. */
  readonly length: number
}

/** A runtime is larger than any document, and lines are slow. */
const limits = { ...defaultLimits, target: 512 * 1024 * 1024, milliseconds: 3_600_000 }

export class VendorUpdate {
  readonly #options: VendorUpdateOptions

  constructor(options: VendorUpdateOptions) {
    this.#options = options
  }

  /**
   * @returns the newest version above the one that runs, or null.
   * @throws UpdateError `vendor-missing`, `vendor-invalid`, `organisation-root`, `root-mismatch`, and those of `refresh`.
   */
  async check(): Promise<string | null> {
    const { place, version, platform } = this.#options
    const vendor = await this.#trust()
    await refresh(place, sourceOf(vendor), this.#now())
    await checkPinned(place, vendor)
    const bytes = (await findFile(join(place.metadata, metadataFile('targets')))) ?? new Uint8Array()
    return newestAbove(version, platform, Object.keys(readTargets('targets', bytes, 'refuse').targets))
  }

  /** @throws UpdateError `runtime-current`, `release-invalid`, `target-altered`, those of `check` and of `downloadTarget`. */
  async download(): Promise<DownloadedRuntime> {
    const { place, version: running, platform } = this.#options
    const version = await this.check()
    if (version === null) throw new UpdateError('runtime-current', `the vendor approves no version above ${running}`)
    const source = sourceOf(await readVendor(this.#options.vendorFile))
    const path = releaseTarget(version, platform)
    await downloadTarget(place, source, { ...this.#now(), path })
    const { file } = parseRuntimeRelease(await readVerified(place, path), { version, platform })
    const held = await downloadTarget(place, source, { ...this.#now(), path: file.path })
    if (held.sha256 !== file.sha256 || held.length !== file.length) {
      throw new UpdateError('target-altered', `expected \`${file.path}\` with SHA-256 \`${file.sha256}\`, found \`${held.sha256}\``)
    }
    await keepOnly(place, [path, file.path])
    return { version, file: targetFile(place, held.sha256), sha256: held.sha256, length: held.length }
  }

  async #trust(): Promise<Vendor> {
    const { place, organisation, vendorFile } = this.#options
    const vendor = await readVendor(vendorFile)
    await checkForeign(vendor, organisation)
    await initialise(place, { bytes: vendor.root, sha256: sha256Of(vendor.root) }).catch((error: unknown) => {
      // A later installation may pin a later root of the same vendor: `checkPinned` sees whether the chain leads to it.
      if (!(error instanceof UpdateError && error.code === 'already-initialised')) throw error
    })
    return vendor
  }

  #now(): UpdateOptions {
    return { floors: noFloors, now: this.#options.clock.now, systemNow: Date.now() / 1000 }
  }
}

const sourceOf = ({ metadataUrl, targetsUrl }: Vendor): UpdateSource => ({
  ...{ metadataUrl, targetsUrl, limits },
  fetch: fetchPublic,
})

/** @throws UpdateError `root-mismatch`: what is trusted here does not lead to the root that was packaged. */
async function checkPinned(place: UpdatePlace, { root }: Vendor): Promise<void> {
  const { version } = readRoot(root, 'refuse')
  if ((await findFile(rootFile(place, version)))?.equals(root)) return
  throw new UpdateError(
    'root-mismatch',
    `root ${version} that this installation pins is not of the vendor whose root is trusted in \`${place.metadata}\``,
  )
}

/** @throws UpdateError `organisation-root`: a key of the organisation would vouch for code. */
async function checkForeign({ root }: Vendor, organisation: UpdatePlace): Promise<void> {
  const trusted = await findFile(join(organisation.metadata, metadataFile('root')))
  if (trusted === undefined) return
  const theirs = new Set(keysOf(readRoot(trusted, 'refuse')))
  if (!keysOf(readRoot(root, 'refuse')).some((key) => theirs.has(key))) return
  throw new UpdateError('organisation-root', "the pinned vendor root has a key of this computer's organisation, which may not supply code")
}

const keysOf = ({ keys }: Root): readonly string[] => Object.entries(keys).map(([keyId, key]) => keyIdentity(keyId, key))
