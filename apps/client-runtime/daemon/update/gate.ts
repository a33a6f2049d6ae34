// SPDX-License-Identifier: Apache-2.0
//
// Everything that tuf-js fetches comes through here, and is refused here first: too large, not strictly formed, older than the
// floors, expired by the verified clock. What passes is still to be verified by tuf-js. The first refusal is kept, since tuf-js
// puts errors into the words of others.
import { open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Fetcher } from 'tuf-js'
import { DownloadHTTPError } from 'tuf-js/dist/error.js'
import { UpdateError } from './error.ts'
import { type FetchFile, fetchFile } from './fetch-file.ts'
import { checkExpiry, checkFloor, type Floors, isRotated } from './floors.ts'
import type { Limits } from './limits.ts'
import type { Root, UnknownFields } from './metadata-schema.ts'
import { nameRefusal } from './name-refusal.ts'
import { metadataFile } from './place.ts'
import { checkRootThresholds, readRoot, readSnapshot, readTargets, readTimestamp } from './read-metadata.ts'

export interface GateOptions {
  /** Both end in `/`. */
  readonly metadataUrl: string
  readonly targetsUrl: string
  readonly fetch: FetchFile
  readonly limits: Limits
  readonly unknownFields: UnknownFields
  /** Verified time, unix seconds. */
  readonly now: number
  /** Folder in which tuf-js works. */
  readonly work: string
  /** `download` asks for nothing that decides which state of the repository is the present one. */
  readonly mode: 'refresh' | 'download'
  /** Lowest versions that are accepted under a root. */
  readonly floors: (root: Root) => Floors
  /** Takes the bytes of the roots that come, by version. Those up to the version in the work folder are verified. */
  readonly fetchedRoots: Map<number, Uint8Array>
  /** Under which the local timestamp and snapshot were verified. */
  readonly trustedRoot: Root
}

export class Gate implements Fetcher {
  /** Once set, the operation fails with it. */
  refusal: UpdateError | undefined
  readonly #options: GateOptions

  constructor(options: GateOptions) {
    this.#options = options
  }

  downloadBytes(url: string, maxLength: number): Promise<Buffer> {
    return this.#keepingRefusal(async () => {
      const name = nameUnder(this.#options.metadataUrl, url)
      const rootVersion = /^([1-9][0-9]*)\.root\.json$/.exec(name)?.[1]
      if (rootVersion !== undefined) return await this.#root(url, Number(rootVersion), maxLength)
      if (name === 'timestamp.json') return await this.#timestamp(url, maxLength)
      if (/^(?:[1-9][0-9]*\.)?snapshot\.json$/.test(name)) return await this.#snapshot(url, maxLength)
      return await this.#targets(url, decodeURIComponent(name.replace(/^[1-9][0-9]*\./, '').slice(0, -'.json'.length)), maxLength)
    })
  }

  async downloadFile<T>(url: string, maxLength: number, handler: (file: string) => Promise<T>): Promise<T> {
    const path = join(this.#options.work, 'fetched')
    await this.#keepingRefusal(async () => {
      nameUnder(this.#options.targetsUrl, url)
      const file = await open(path, 'w')
      try {
        await this.#fetch(url, Math.min(maxLength, this.#options.limits.target), (piece) => file.appendFile(piece))
      } finally {
        await file.close()
      }
    })
    return await handler(path)
  }

  async #root(url: string, version: number, maxLength: number): Promise<Buffer> {
    this.#refreshOnly(url)
    await this.#forgetRotated()
    const bytes = await this.#bytes(url, Math.min(maxLength, this.#options.limits.root), [403, 404])
    readRoot(bytes, this.#options.unknownFields)
    this.#options.fetchedRoots.set(version, bytes)
    return bytes
  }

  /** Asked for once no newer root is found: now the newest root itself can be judged. */
  async #timestamp(url: string, maxLength: number): Promise<Buffer> {
    this.#refreshOnly(url)
    const { now, unknownFields, limits } = this.#options
    const root = await this.#newestRoot()
    checkRootThresholds(root)
    const floors = this.#options.floors(root)
    checkFloor('root', root.version, floors.root)
    checkExpiry('root', root, now)
    const bytes = await this.#bytes(url, Math.min(maxLength, limits.timestamp))
    const timestamp = readTimestamp(bytes, unknownFields)
    checkFloor('timestamp', timestamp.version, floors.timestamp)
    checkFloor('snapshot', timestamp.meta['snapshot.json'].version, floors.snapshot)
    checkExpiry('timestamp', timestamp, now)
    return bytes
  }

  async #snapshot(url: string, maxLength: number): Promise<Buffer> {
    this.#refreshOnly(url)
    const bytes = await this.#bytes(url, Math.min(maxLength, this.#options.limits.snapshot))
    checkExpiry('snapshot', readSnapshot(bytes, this.#options.unknownFields), this.#options.now)
    return bytes
  }

  async #targets(url: string, role: string, maxLength: number): Promise<Buffer> {
    const bytes = await this.#bytes(url, Math.min(maxLength, this.#options.limits.targets))
    checkExpiry(role, readTargets(role, bytes, this.#options.unknownFields), this.#options.now)
    return bytes
  }

  /** TUF 5.3.11, before tuf-js reads them: it would drop each only where that one's own keys changed. */
  async #forgetRotated(): Promise<void> {
    const root = await this.#newestRoot()
    if (!isRotated(this.#options.trustedRoot, root)) return
    for (const role of ['timestamp', 'snapshot']) await rm(join(this.#options.work, metadataFile(role)), { force: true })
  }

  async #newestRoot(): Promise<Root> {
    return readRoot(await readFile(join(this.#options.work, metadataFile('root'))), this.#options.unknownFields)
  }

  #refreshOnly(url: string): void {
    if (this.#options.mode === 'refresh') return
    throw new UpdateError('not-refreshed', `the metadata at hand does not hold any more, \`${url}\` would be needed: refresh first`)
  }

  async #bytes(url: string, bytes: number, absent: readonly number[] = []): Promise<Buffer> {
    const pieces: Uint8Array[] = []
    await this.#fetch(url, bytes, (piece) => void pieces.push(piece), absent)
    return Buffer.concat(pieces)
  }

  async #fetch(url: string, bytes: number, take: (piece: Uint8Array) => void | Promise<void>, absent: readonly number[] = []): Promise<void> {
    const { fetch, limits } = this.#options
    const status = await fetchFile(fetch, url, { bytes, milliseconds: limits.milliseconds }, take)
    if (absent.includes(status)) throw new DownloadHTTPError('no such file', status)
    if (status !== 200) throw new UpdateError('server-refused', `expected \`${url}\`, found HTTP status ${status}`)
  }

  async #keepingRefusal<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act()
    } catch (error) {
      // How tuf-js learns that the newest root has been read.
      if (error instanceof DownloadHTTPError) throw error
      this.refusal ??= nameRefusal(error)
      throw error
    }
  }
}

/** @throws UpdateError `path-invalid` for an address that a crafted name has led elsewhere. */
function nameUnder(base: string, url: string): string {
  const { search, hash } = new URL(url)
  if (url.startsWith(base) && search === '' && hash === '') return url.slice(base.length)
  throw new UpdateError('path-invalid', `expected an address under \`${base}\`, found \`${url}\``)
}
