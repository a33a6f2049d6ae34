// SPDX-License-Identifier: Apache-2.0
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Updater } from 'tuf-js'
import { UpdateError } from './error.ts'
import type { UnknownFields } from './metadata-schema.ts'
import { nameRefusal } from './name-refusal.ts'
import { metadataFile, rootFile, type UpdatePlace, workFolder } from './place.ts'
import { readRoot } from './read-metadata.ts'
import { sha256Of } from './verified-copy.ts'
import { findFile, oneAtATime } from './working-copy.ts'
import { writeWhole } from './write-whole.ts'

export interface TrustedRoot {
  /** `root.json` of any version, as it came. */
  readonly bytes: Uint8Array
  /** Hex; what enrolment pinned. */
  readonly sha256: string
  readonly unknownFields?: UnknownFields
}

/**
 * First of the three operations: from here on the place trusts this root, and whatever its keys lead to. Nothing is fetched. Once
 * more with the same root does nothing.
 * @throws UpdateError `root-mismatch`, `metadata-invalid`, `duplicate-signature`, `key-under-two-ids`, `threshold-not-met` (it must be
 * signed by its own keys), `already-initialised` (with another root).
 */
export async function initialise(place: UpdatePlace, { bytes, sha256, unknownFields = 'refuse' }: TrustedRoot): Promise<void> {
  const found = sha256Of(bytes)
  if (found !== sha256) throw new UpdateError('root-mismatch', `expected a root with SHA-256 \`${sha256}\`, found \`${found}\``)
  const { version } = readRoot(bytes, unknownFields)
  await oneAtATime(place, async () => {
    const trusted = join(place.metadata, metadataFile('root'))
    if ((await findFile(trusted)) !== undefined) {
      if ((await findFile(rootFile(place, version)))?.equals(bytes)) return
      throw new UpdateError('already-initialised', `\`${place.metadata}\` trusts another root already`)
    }
    await checkSelfSigned(place, bytes)
    await writeWhole(rootFile(place, version), bytes)
    await writeWhole(trusted, bytes)
  })
}

/** TUF 5.2, by tuf-js, which reads a trusted root from a folder. */
async function checkSelfSigned(place: UpdatePlace, bytes: Uint8Array): Promise<void> {
  await mkdir(place.copy, { recursive: true })
  const work = await mkdtemp(workFolder(place))
  try {
    await writeFile(join(work, metadataFile('root')), bytes)
    new Updater({ metadataDir: work, metadataBaseUrl: 'https://nothing.invalid/' })
  } catch (error) {
    throw nameRefusal(error)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}
