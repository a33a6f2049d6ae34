// SPDX-License-Identifier: Apache-2.0
//
// Every file of the update module, named here and nowhere else.
import { join } from 'node:path'

/** Two folders on one file system, used by nothing else and by one process at a time. */
export interface UpdatePlace {
  /** TUF's own files, as verified: `root.json`, `timestamp.json`, `snapshot.json`, `targets.json`, one a delegated role. */
  readonly metadata: string
  /** The verified copy of targets, from which the runtime runs whatever becomes of the metadata. */
  readonly copy: string
}

/** As tuf-js names them. */
export const metadataFile = (role: string): string => `${encodeURIComponent(role)}.json`

export const acceptedFile = ({ copy }: UpdatePlace): string => join(copy, 'accepted.json')
export const targetsFolder = ({ copy }: UpdatePlace): string => join(copy, 'targets')
export const targetFile = (place: UpdatePlace, sha256: string): string => join(targetsFolder(place), sha256)
/** Every root that this device has verified: floors are read against the root under which they were seen. */
export const rootFile = ({ copy }: UpdatePlace, version: number): string => join(copy, 'roots', `${version}.json`)
export const workPrefix = 'work-'
export const workFolder = ({ copy }: UpdatePlace): string => join(copy, workPrefix)
