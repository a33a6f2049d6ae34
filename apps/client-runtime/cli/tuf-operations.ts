// SPDX-License-Identifier: Apache-2.0
//
// `casemate tuf` in terms of the update module: one folder holds the metadata and, under `copy`, the verified copy. What is trusted is what
// the caller named, so fields that TUF allows and we do not know are passed over.
import { join } from 'node:path'
import { downloadTarget } from '../daemon/update/download-target.ts'
import { UpdateError } from '../daemon/update/error.ts'
import { fetchPublic } from '../daemon/update/fetch-file.ts'
import { type Floors, noFloors } from '../daemon/update/floors.ts'
import { initialise } from '../daemon/update/initialise.ts'
import type { UpdatePlace } from '../daemon/update/place.ts'
import { refresh } from '../daemon/update/refresh.ts'
import type { UpdateSource } from '../daemon/update/tuf-session.ts'
import { readVerified, sha256Of } from '../daemon/update/verified-copy.ts'
import { writeWhole } from '../daemon/update/write-whole.ts'
import { CliError } from './error.ts'

export interface Repository {
  readonly metadataUrl: string
  readonly targetsUrl?: string
}

/** @throws UpdateError as `initialise` */
export async function initialiseFolder(folder: string, bytes: Uint8Array): Promise<{ readonly root: string }> {
  const sha256 = sha256Of(bytes)
  await initialise(placeIn(folder), { bytes, sha256, unknownFields: 'ignore' })
  return { root: sha256 }
}

/** @returns the versions that hold now. @throws UpdateError as `refresh` */
export async function refreshFolder(folder: string, repository: Repository): Promise<Floors> {
  return (await refresh(placeIn(folder), sourceOf(repository), optionsNow())).floors
}

/**
 * The file is named after the whole path of the target, percent-encoded, whatever its content.
 * @throws UpdateError as `refresh` and `downloadTarget`
 */
export async function downloadInto(
  folder: string,
  repository: Repository,
  { path, folder: into }: { readonly path: string; readonly folder: string },
): Promise<{ readonly file: string; readonly sha256: string; readonly length: number }> {
  const [place, source] = [placeIn(folder), sourceOf(repository)]
  await refresh(place, source, optionsNow())
  const { sha256, length } = await downloadTarget(place, source, { ...optionsNow(), path })
  const file = join(into, encodeURIComponent(path))
  await writeWhole(file, await readVerified(place, path))
  return { file, sha256, length }
}

/** What repository or metadata are to blame for is a refusal; where a file could not be written, the environment is. */
export function namedRefusal(error: unknown): unknown {
  if (!(error instanceof UpdateError)) return error
  return new CliError(error.code === 'storage-failed' ? 'environment' : 'refused', error.code, error.message)
}

const placeIn = (folder: string): UpdatePlace => ({ metadata: folder, copy: join(folder, 'copy') })

const sourceOf = ({ metadataUrl, targetsUrl = metadataUrl }: Repository): UpdateSource => ({
  metadataUrl,
  targetsUrl,
  fetch: fetchPublic,
  unknownFields: 'ignore',
})

function optionsNow() {
  const now = Date.now() / 1000
  return { now, systemNow: now, floors: noFloors }
}
