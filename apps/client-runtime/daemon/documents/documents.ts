// SPDX-License-Identifier: Apache-2.0
//
// What was approved, as this device holds it: TUF over the pinned connection, and the verified copy, from which everything else is read.
// Bytes are checked again at each read; what is not here, or not as approved, is named and never guessed.

import { PolicyError } from '@casemate/policy/error'
import type { PublicJwk } from '@casemate/policy/jwk'
import { type EscrowKeys, type KeyPurpose, keyListPath, parseEscrowKeys, parseKeyList } from '@casemate/policy/key-list'
import { layerApplies } from '@casemate/policy/layers'
import type { Assignment, Lease } from '@casemate/policy/lease'
import { compareRuntimeVersions } from '@casemate/policy/names'
import { parseRelease, type Release } from '@casemate/policy/release'
import type { VerifiedClock } from '../clock/verified-clock.ts'
import type { ConsoleClient } from '../console/console-client.ts'
import { fetchFromConsole } from '../console/fetch-from-console.ts'
import type { OverrideKeys } from '../overrides/override-store.ts'
import { downloadTarget } from '../update/download-target.ts'
import { UpdateError } from '../update/error.ts'
import type { FetchFile } from '../update/fetch-file.ts'
import { type Floors, noFloors } from '../update/floors.ts'
import type { UpdatePlace } from '../update/place.ts'
import { refresh } from '../update/refresh.ts'
import type { UpdateOptions, UpdateSource } from '../update/tuf-session.ts'
import { listVerified, readAccepted, readVerified } from '../update/verified-copy.ts'

/** Not having or keeping them yet says nothing about them: whoever waits may go on waiting. */
const transient: ReadonlySet<string> = new Set(['server-refused', 'storage-failed', 'too-slow', 'unreachable'])

export interface Missing {
  readonly desktop: string
  readonly path: string
  readonly error: UpdateError
}

export class Documents {
  readonly place: UpdatePlace
  readonly #source: UpdateSource
  readonly #clock: VerifiedClock

  constructor(place: UpdatePlace, console: ConsoleClient, clock: VerifiedClock) {
    this.place = place
    this.#clock = clock
    const base = `${console.origin}/device/v1/`
    this.#source = { metadataUrl: `${base}metadata/`, targetsUrl: `${base}targets/`, fetch: fetchFromConsole(console) }
  }

  /** Versions of the last refresh that succeeded. */
  async versions(): Promise<Floors> {
    return (await readAccepted(this.place)).versions
  }

  /**
   * Brings metadata and the lists of online, help-desk and escrow keys up to date.
   * @param floors least versions that the newest lease names.
   * @throws UpdateError
   */
  async refresh(floors: Floors): Promise<void> {
    await refresh(this.place, this.#source, this.#options(floors))
    await downloadTarget(this.place, this.#source, { ...this.#options(floors), path: keyListPath('online') })
    for (const purpose of ['help-desk', 'escrow'] as const) await this.#fetchKeysIfAny(purpose, floors)
  }

  /** @throws UpdateError `copy-missing`, `copy-altered`; PolicyError `key-list-invalid`. */
  async onlineKeys(): Promise<(kid: string) => PublicJwk | undefined> {
    return parseKeyList(await readVerified(this.place, keyListPath('online')), 'online')
  }

  /** What overrides and the leases behind rescue codes are verified by. A list that is not here as approved trusts nobody. */
  async overrideKeys(): Promise<OverrideKeys> {
    return { helpDesk: await this.#keysOrNone('help-desk'), online: await this.#keysOrNone('online') }
  }

  /**
   * The administrators' keys for escrow, with the SHA-256 of their list; null where none is approved.
   * @throws UpdateError `copy-altered`; PolicyError `key-list-invalid`.
   */
  async escrowKeys(): Promise<{ readonly keys: EscrowKeys; readonly sha256: string } | null> {
    const sha256 = await this.escrowListSha256()
    return sha256 === null ? null : { keys: await parseEscrowKeys(await readVerified(this.place, keyListPath('escrow'))), sha256 }
  }

  /** Of the list of {@link escrowKeys}, whatever is in it. */
  async escrowListSha256(): Promise<string | null> {
    return (await listVerified(this.place)).find(({ path }) => path === keyListPath('escrow'))?.sha256 ?? null
  }

  /**
   * Fetches what the lease assigns: each release, the policies that apply to this device, the package's manifest.
   * @returns what the repository does not give as assigned.
   * @throws UpdateError of a connection that failed: nothing can be said yet.
   */
  async fetchAssigned(lease: Lease): Promise<readonly Missing[]> {
    const missing: Missing[] = []
    for (const assigned of lease.assign) missing.push(...(await this.#fetchDesktop(assigned, lease)))
    return missing
  }

  /**
   * Takes the same from other hands: what `fetch` serves as `metadata/` and `targets/` is verified as if it came from the console.
   * @param path of a release. @param lease chooses the policies; null: all of them.
   * @throws UpdateError
   */
  async takeFrom(fetch: FetchFile, path: string, lease: Lease | null): Promise<void> {
    const source = { metadataUrl: 'http://handover.invalid/metadata/', targetsUrl: 'http://handover.invalid/targets/', fetch }
    const options = this.#options(lease?.tuf ?? noFloors)
    await refresh(this.place, source, options)
    for (const wanted of [keyListPath('online'), path]) await downloadTarget(this.place, source, { ...options, path: wanted })
    for (const { path: named, sha256 } of namedBy(parseRelease(await readVerified(this.place, path)), lease)) {
      const held = await downloadTarget(this.place, source, { ...options, path: named })
      if (held.sha256 !== sha256) throw otherThanNamed(named, sha256, held.sha256)
    }
  }

  /** Whether the release and what it names are in the verified copy. */
  async holds(path: string, lease: Lease | null): Promise<boolean> {
    const held = await listVerified(this.place)
    if (!held.some((target) => target.path === path)) return false
    const named = namedBy(parseRelease(await readVerified(this.place, path)), lease)
    return named.every((wanted) => held.some((target) => target.path === wanted.path && target.sha256 === wanted.sha256))
  }

  /** The highest `minRuntime` of the assigned releases that are here, or null. @throws UpdateError, PolicyError of a release that cannot be read. */
  async leastRuntime(lease: Lease | null): Promise<string | null> {
    const held = new Set((await listVerified(this.place)).map(({ path }) => path))
    const needed: string[] = []
    for (const { path } of lease?.assign ?? []) {
      if (held.has(path)) needed.push(parseRelease(await readVerified(this.place, path)).minRuntime)
    }
    return needed.sort(compareRuntimeVersions).at(-1) ?? null
  }

  async #keysOrNone(purpose: 'online' | 'help-desk'): Promise<(kid: string) => PublicJwk | undefined> {
    try {
      return await parseKeyList(await readVerified(this.place, keyListPath(purpose)), purpose)
    } catch (error) {
      if (error instanceof UpdateError || error instanceof PolicyError) return () => undefined
      throw error
    }
  }

  /** An organisation need not have any. */
  async #fetchKeysIfAny(purpose: KeyPurpose, floors: Floors): Promise<void> {
    try {
      await downloadTarget(this.place, this.#source, { ...this.#options(floors), path: keyListPath(purpose) })
    } catch (error) {
      if (!(error instanceof UpdateError) || error.code !== 'target-unknown') throw error
    }
  }

  async #fetchDesktop({ path, sha256 }: Assignment, lease: Lease): Promise<readonly Missing[]> {
    const [, desktop = ''] = path.split('/')
    const fault = await this.#fetch(path, sha256, lease)
    if (fault !== undefined) return [{ desktop, path, error: fault }]
    const release = parseRelease(await readVerified(this.place, path))
    const missing: Missing[] = []
    for (const target of namedBy(release, lease)) {
      const error = await this.#fetch(target.path, target.sha256, lease)
      if (error !== undefined) missing.push({ desktop, path: target.path, error })
    }
    return missing
  }

  async #fetch(path: string, sha256: string, lease: Lease): Promise<UpdateError | undefined> {
    if ((await listVerified(this.place)).some((held) => held.path === path && held.sha256 === sha256)) return undefined
    try {
      const held = await downloadTarget(this.place, this.#source, { ...this.#options(lease.tuf), path })
      if (held.sha256 === sha256) return undefined
      return otherThanNamed(path, sha256, held.sha256)
    } catch (error) {
      if (error instanceof UpdateError && !transient.has(error.code)) return error
      throw error
    }
  }

  #options(floors: Floors): UpdateOptions {
    // The second is what tuf-js itself reads, whatever clock this daemon was given.
    return { floors, now: this.#clock.now, systemNow: Date.now() / 1000 }
  }
}

/** The package's manifest and the policies that apply. */
function namedBy(release: Release, lease: Lease | null): readonly { readonly path: string; readonly sha256: string }[] {
  return [release.package, ...release.layers.filter((layer) => lease === null || layerApplies(layer, lease))]
}

function otherThanNamed(path: string, wanted: string, found: string): UpdateError {
  return new UpdateError('target-altered', `expected \`${path}\` with SHA-256 \`${wanted}\`, found \`${found}\``)
}
