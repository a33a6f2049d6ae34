// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { expect } from 'vitest'
import { downloadTarget } from '../../daemon/update/download-target.ts'
import type { FetchFile } from '../../daemon/update/fetch-file.ts'
import { type Floors, noFloors } from '../../daemon/update/floors.ts'
import { initialise } from '../../daemon/update/initialise.ts'
import { defaultLimits, type Limits } from '../../daemon/update/limits.ts'
import type { UnknownFields } from '../../daemon/update/metadata-schema.ts'
import type { UpdatePlace } from '../../daemon/update/place.ts'
import { refresh } from '../../daemon/update/refresh.ts'
import { readVerified } from '../../daemon/update/verified-copy.ts'
import { digest, freshFolder, HostileRepository, type HostileServer, serve, systemNow } from './hostile-repository.ts'

export const office = 'packages/office/1.json'
export const coded = (code: string) => expect.objectContaining({ name: 'UpdateError', code })
export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8')

/** A device that trusts the first root of a repository, and talks to its server. */
export class Device {
  readonly place: UpdatePlace
  readonly server: HostileServer
  floors: Floors = noFloors
  /** Seconds by which verified time is ahead of the system clock. */
  ahead = 0
  limits: Limits = { ...defaultLimits, milliseconds: 10_000 }
  unknownFields: UnknownFields = 'refuse'
  fetch: FetchFile = (url, options) => fetch(url, { ...options, redirect: 'error' })

  constructor(folder: string, server: HostileServer) {
    this.place = { metadata: join(folder, 'metadata'), copy: join(folder, 'copy') }
    this.server = server
  }

  async trust(bytes: Uint8Array, sha256 = digest(bytes)): Promise<void> {
    await initialise(this.place, { bytes, sha256 })
  }

  refresh(): ReturnType<typeof refresh> {
    return refresh(this.place, this.#source(), this.#options())
  }

  download(path = office): ReturnType<typeof downloadTarget> {
    return downloadTarget(this.place, this.#source(), { ...this.#options(), path })
  }

  async read(path = office): Promise<string> {
    return text(await readVerified(this.place, path))
  }

  #options() {
    const time = systemNow()
    return { now: time + this.ahead, systemNow: time, floors: this.floors }
  }

  #source() {
    const { origin } = this.server
    const { fetch, limits, unknownFields } = this
    return { metadataUrl: `${origin}/metadata`, targetsUrl: `${origin}/targets`, fetch, limits, unknownFields }
  }
}

/** A device that knows its trusted root and nothing else. */
export async function newDevice() {
  const repository = new HostileRepository()
  const server = await serve(repository)
  const device = new Device(await freshFolder(), server)
  await device.trust(repository.rootBytes)
  return { repository, server, device }
}

/** An enrolled device that has refreshed and holds the first package. */
export async function enrolled(): Promise<{ repository: HostileRepository; server: HostileServer; device: Device }> {
  const all = await newDevice()
  await all.device.refresh()
  await all.device.download()
  return all
}
