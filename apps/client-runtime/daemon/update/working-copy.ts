// SPDX-License-Identifier: Apache-2.0
//
// tuf-js writes its files in place, so it works in a copy. What it has verified goes back file by file, each whole: metadata that
// was verified counts even where the refresh then fails (TUF 5.3.8, 5.4.5), or a thief could show a device the past again.
import { cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { UpdateError } from './error.ts'
import { metadataFile, rootFile, type UpdatePlace, workFolder, workPrefix } from './place.ts'
import { writeWhole } from './write-whole.ts'

const queues = new Map<string, Promise<unknown>>()
const nothing = (): void => undefined

/**
 * Runs one act at a time on a place, in a folder that holds a copy of its metadata and is removed afterwards.
 * @throws UpdateError `not-initialised`
 */
export async function inWorkingCopy<T>(place: UpdatePlace, act: (work: string) => Promise<T>): Promise<T> {
  return await oneAtATime(place, async () => {
    if (!(await filesOf(place.metadata)).includes(metadataFile('root'))) {
      throw new UpdateError('not-initialised', `expected a trusted root in \`${place.metadata}\`, found none`)
    }
    await sweep(place)
    const work = await mkdtemp(workFolder(place))
    try {
      for (const name of await filesOf(place.metadata)) await cp(join(place.metadata, name), join(work, name))
      return await act(work)
    } finally {
      await rm(work, { recursive: true, force: true })
    }
  })
}

/** The next act waits for this one, whatever becomes of it; its own caller hears of a failure. */
export async function oneAtATime<T>({ copy }: UpdatePlace, act: () => Promise<T>): Promise<T> {
  const turn = (queues.get(copy) ?? Promise.resolve()).then(act)
  const ended = turn.then(nothing, nothing)
  queues.set(copy, ended)
  try {
    return await turn
  } finally {
    if (queues.get(copy) === ended) queues.delete(copy)
  }
}

/** @param roots bytes of the roots that came during the act, by version. */
export async function keepVerified(place: UpdatePlace, work: string, roots: ReadonlyMap<number, Uint8Array>, rootVersion: number): Promise<void> {
  const after = (await filesOf(work)).sort((one, other) => Number(other === metadataFile('root')) - Number(one === metadataFile('root')))
  // Removals go first: with the old root they cost nothing, with the new one alone they would be missed.
  for (const name of await filesOf(place.metadata)) if (!after.includes(name)) await rm(join(place.metadata, name))
  for (const [version, bytes] of roots) if (version <= rootVersion) await writeWhole(rootFile(place, version), bytes)
  for (const name of after) await writeIfNew(join(place.metadata, name), await readFile(join(work, name)))
}

async function writeIfNew(path: string, bytes: Uint8Array): Promise<void> {
  const before = await findFile(path)
  if (before === undefined || !before.equals(bytes)) await writeWhole(path, bytes)
}

/** @returns undefined when it is not there. */
export async function findFile(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

async function filesOf(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith('.json'))
  } catch (error) {
    if (isAbsent(error)) return []
    throw error
  }
}

/** What an interrupted act left. */
async function sweep({ copy }: UpdatePlace): Promise<void> {
  await mkdir(copy, { recursive: true })
  for (const name of await readdir(copy)) if (name.startsWith(workPrefix)) await rm(join(copy, name), { recursive: true, force: true })
}

const isAbsent = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT'
