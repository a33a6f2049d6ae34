// SPDX-License-Identifier: Apache-2.0
import { hash, randomBytes } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FolderIntake, writeAside } from '../src/store/folder-intake.ts'
import { openFolderStore } from '../src/store/folder-store.ts'
import { temporaryFolder } from './disks.ts'

async function prepare(count: number) {
  const folder = await temporaryFolder()
  const store = await openFolderStore(folder)
  const intake = new FolderIntake(folder)
  const objects = Array.from({ length: count }, () => randomBytes(5000)).map((bytes) => ({ bytes, name: hash('sha256', bytes, 'hex') }))
  const write = ({ bytes, name }: (typeof objects)[number]) => {
    const aside = writeAside(intake, name, bytes)
    return aside === null ? null : { name, aside, length: bytes.length }
  }
  return { folder, store, intake, objects, write, aside: () => readdir(join(folder, '.partial')) }
}

describe('FolderIntake', () => {
  // 100 are flushed with the whole file system, 3 each by itself.
  it.each([3, 100])('gives %i objects their names once they are settled, not before', async (count) => {
    const { store, intake, objects, write, aside } = await prepare(count)
    for (const object of objects) {
      const written = write(object)
      expect(written === null ? null : await intake.accept(written)).toBe(true)
    }
    for (const { name } of objects) expect(await store.has(name)).toBe(false)
    await intake.settle()
    for (const { name, bytes } of objects) expect(await store.get(name, bytes.length)).toEqual(bytes)
    expect(await aside()).toEqual([])
    expect(objects.map(write)).toEqual(objects.map(() => null))
  })

  it('counts an object once that two threads wrote at the same time', async () => {
    const { store, intake, objects, write, aside } = await prepare(1)
    const [first, second] = [...objects, ...objects].map(write)
    if (!first || !second) throw new Error('expected both to be written')
    expect([await intake.accept(first), await intake.accept(second)]).toEqual([true, false])
    await intake.settle()
    expect(await store.has(first.name)).toBe(true)
    expect(await aside()).toEqual([])
  })

  it('leaves nothing of what was not settled', async () => {
    const { store, intake, objects, write, aside } = await prepare(3)
    for (const written of objects.map(write)) if (written !== null) await intake.accept(written)
    expect(await aside()).toHaveLength(3)
    await intake.abandon()
    expect(await aside()).toEqual([])
    for (const { name } of objects) expect(await store.has(name)).toBe(false)
  })

  it('says so when a file that waits is gone, and removes the others', async () => {
    const { folder, intake, objects, write, aside } = await prepare(3)
    for (const written of objects.map(write)) if (written !== null) await intake.accept(written)
    const [lost = ''] = await aside()
    await rm(join(folder, '.partial', lost))
    await expect(intake.settle()).rejects.toMatchObject({ code: 'store-unwritable' })
    await intake.abandon()
    expect(await aside()).toEqual([])
  })
})
