// SPDX-License-Identifier: Apache-2.0
//
// What was accepted, kept by the runtime itself: it runs from it whatever the clock says and whatever has expired. Which of it may
// run is the lease's matter. TUF is not asked here; every read checks the bytes again.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { UpdateError } from './error.ts'
import { type Floors, noFloors } from './floors.ts'
import { acceptedFile, targetFile, targetsFolder, type UpdatePlace } from './place.ts'
import { findFile, oneAtATime } from './working-copy.ts'
import { writeWhole } from './write-whole.ts'

/** A target whose bytes are in the copy. */
export interface HeldTarget {
  readonly path: string
  readonly sha256: string
  /** In bytes. */
  readonly length: number
}

export interface Accepted {
  /** Versions of the last refresh that succeeded. */
  readonly versions: Floors
  readonly targets: readonly HeldTarget[]
}

const count = z.int().min(0)
const acceptedSchema = z.strictObject({
  format: z.literal('casemate-accepted-1'),
  versions: z.strictObject({ root: count, snapshot: count, timestamp: count }),
  targets: z.array(z.strictObject({ path: z.string(), sha256: z.string().regex(/^[0-9a-f]{64}$/), length: count })),
})

/** @throws UpdateError `copy-altered` when the list of what was accepted cannot be read. */
export async function readAccepted(place: UpdatePlace): Promise<Accepted> {
  const bytes = await findFile(acceptedFile(place))
  if (bytes === undefined) return { versions: noFloors, targets: [] }
  try {
    return acceptedSchema.parse(JSON.parse(bytes.toString('utf8')))
  } catch (cause) {
    throw new UpdateError('copy-altered', `expected the list of accepted targets in \`${acceptedFile(place)}\`, found something else`, cause)
  }
}

/** One rename: the copy is what it was, or what it is to be. Bytes that are no longer named go afterwards. */
export async function writeAccepted(place: UpdatePlace, { versions, targets }: Accepted): Promise<void> {
  await writeWhole(acceptedFile(place), Buffer.from(JSON.stringify({ format: 'casemate-accepted-1', versions, targets })))
  const named = new Set(targets.map(({ sha256 }) => sha256))
  for (const name of await targetFiles(place)) if (!named.has(name)) await rm(join(targetsFolder(place), name), { force: true })
}

/** Forgets every other target. @throws UpdateError `copy-altered` */
export async function keepOnly(place: UpdatePlace, paths: readonly string[]): Promise<void> {
  await oneAtATime(place, async () => {
    const { versions, targets } = await readAccepted(place)
    await writeAccepted(place, { versions, targets: targets.filter(({ path }) => paths.includes(path)) })
  })
}

/** @throws UpdateError `copy-altered` */
export async function listVerified(place: UpdatePlace): Promise<readonly HeldTarget[]> {
  return (await readAccepted(place)).targets
}

/**
 * @throws UpdateError `copy-missing` for a path that was never downloaded or is no longer approved, `copy-altered` for bytes that are
 * not those accepted.
 */
export async function readVerified(place: UpdatePlace, path: string): Promise<Uint8Array> {
  const held = await findHeld(place, path)
  const bytes = await findFile(targetFile(place, held.sha256))
  if (bytes !== undefined && sha256Of(bytes) === held.sha256) return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  // A refresh that ended just now may have put another content in its place.
  if ((await findHeld(place, path)).sha256 !== held.sha256) return await readVerified(place, path)
  throw new UpdateError(
    'copy-altered',
    `expected \`${path}\` with SHA-256 \`${held.sha256}\`, found ${bytes === undefined ? 'nothing' : 'other bytes'}`,
  )
}

async function findHeld(place: UpdatePlace, path: string): Promise<HeldTarget> {
  const held = (await readAccepted(place)).targets.find((target) => target.path === path)
  if (held === undefined) throw new UpdateError('copy-missing', `the verified copy holds no target \`${path}\``)
  return held
}

/** @returns null where it is not there. */
export async function sha256OfFile(path: string): Promise<string | null> {
  try {
    const hash = createHash('sha256')
    for await (const piece of createReadStream(path)) hash.update(piece)
    return hash.digest('hex')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

async function targetFiles(place: UpdatePlace): Promise<readonly string[]> {
  try {
    return await readdir(targetsFolder(place))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
