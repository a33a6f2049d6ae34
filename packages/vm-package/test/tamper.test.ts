// SPDX-License-Identifier: Apache-2.0
//
// Whatever is altered in whatever stored object, a reader gets the true bytes or a named error, never anything else.
import { copyFile, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PackageError } from '../src/error.ts'
import { openPackageDisk, type PackageDiskEvent } from '../src/read/package-device.ts'
import { flipBit, mixedDisk, type Sealed, sealContent, systemDisk } from './disks.ts'

const refusals = ['root-altered', 'root-missing', 'page-altered', 'page-missing', 'chunk-altered', 'chunk-missing']

/** Reads the disk block by block: how many blocks were true, and the refusals of the others. */
async function readAll(sealed: Sealed, onEvent: (event: PackageDiskEvent) => void = () => undefined) {
  const { content, packageKey, store } = sealed
  const refused = new Map<string, PackageError>()
  const attempt = async <T>(act: () => Promise<T>): Promise<T | null> => {
    try {
      return await act()
    } catch (error) {
      if (!(error instanceof PackageError)) throw error
      refused.set(`${error.code} ${error.subject.disk} ${error.subject.object}`, error)
      return null
    }
  }
  const disk = await attempt(() => openPackageDisk({ disk: systemDisk(sealed), packageKey, origin: store, onEvent }))
  let trueBlocks = 0
  for (let at = 0; disk !== null && at < content.length; at += 4096) {
    const block = await attempt(() => disk.read(at, 4096))
    if (block === null) continue
    expect(block.equals(content.subarray(at, at + 4096)), `block at ${at}`).toBe(true)
    trueBlocks += 1
  }
  return { trueBlocks, refused: [...refused.values()] }
}

const pathOf = (sealed: Sealed, name: string) => join(sealed.folder, 'store', name.slice(0, 2), name)

async function objectsOf(sealed: Sealed): Promise<readonly string[]> {
  const names: string[] = []
  for await (const { name } of sealed.store.list()) names.push(name)
  return names.sort()
}

/** Alters one object, reads everything, mends it, and reads everything again. */
async function alterAndMend(sealed: Sealed, name: string, alter: (path: string) => Promise<void>): Promise<void> {
  const path = pathOf(sealed, name)
  const aside = join(sealed.folder, 'aside')
  await copyFile(path, aside)
  await alter(path)
  const { trueBlocks, refused } = await readAll(sealed)
  expect(refused).toHaveLength(1)
  expect(refusals).toContain(refused[0]?.code)
  expect(refused[0]?.subject).toEqual({ disk: 'system', object: name })
  expect(trueBlocks).toBeLessThan(sealed.content.length / 4096)
  await rename(aside, path)
}

describe('a stored object', () => {
  it('with any bit flipped is refused by name, and every object counts', async () => {
    const sealed = await sealContent(mixedDisk())
    const names = await objectsOf(sealed)
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), fc.nat(), async (name, anywhere) => {
        const { length } = await readFile(pathOf(sealed, name))
        await alterAndMend(sealed, name, (path) => flipBit(path, anywhere % (length * 8)))
      }),
      { numRuns: 60 },
    )
    for (const name of names) await alterAndMend(sealed, name, (path) => flipBit(path, 0))
    expect(await readAll(sealed)).toEqual({ trueBlocks: sealed.content.length / 4096, refused: [] })
  })

  it('that is cut off, longer, empty, gone or another one is refused by name', async () => {
    const sealed = await sealContent(mixedDisk())
    const names = await objectsOf(sealed)
    for (const [index, name] of names.entries()) {
      const { length } = await readFile(pathOf(sealed, name))
      const other = pathOf(sealed, names[(index + 1) % names.length] ?? '')
      await alterAndMend(sealed, name, (path) => truncate(path, length - 1))
      await alterAndMend(sealed, name, (path) => truncate(path, length + 1))
      await alterAndMend(sealed, name, (path) => writeFile(path, ''))
      await alterAndMend(sealed, name, (path) => rm(path))
      await alterAndMend(sealed, name, (path) => copyFile(other, path))
    }
    expect(await readAll(sealed)).toEqual({ trueBlocks: sealed.content.length / 4096, refused: [] })
  })

  it('is looked for in its place only', async () => {
    const sealed = await sealContent(mixedDisk())
    const shards = await readdir(join(sealed.folder, 'store'))
    expect(shards.filter((shard) => /^[0-9a-f]{2}$/.test(shard)).length).toBeGreaterThan(1)
    const [name = ''] = await objectsOf(sealed)
    await rename(pathOf(sealed, name), join(sealed.folder, 'store', name))
    const { refused } = await readAll(sealed)
    expect(refused.map(({ subject }) => subject.object)).toEqual([name])
  })
})
