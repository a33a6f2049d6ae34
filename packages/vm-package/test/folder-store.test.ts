// SPDX-License-Identifier: Apache-2.0
import { hash, randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openFolderStore } from '../src/store/folder-store.ts'
import { temporaryFolder } from './disks.ts'
import { objectStoreContract } from './object-store-contract.ts'

objectStoreContract('a folder', async () => openFolderStore(await temporaryFolder()))
objectStoreContract('a folder that is not durable', async () => openFolderStore(await temporaryFolder(), { durable: false }))

describe('a folder store', () => {
  it('spreads objects over folders by the first two digits', async () => {
    const folder = await temporaryFolder()
    const store = await openFolderStore(folder)
    const bytes = randomBytes(10)
    const name = hash('sha256', bytes, 'hex')
    await store.put(name, bytes)
    expect(await readFile(join(folder, name.slice(0, 2), name))).toEqual(bytes)
  })

  it('leaves nothing aside, whether a put succeeded or failed', async () => {
    const folder = await temporaryFolder()
    const store = await openFolderStore(folder)
    const bytes = randomBytes(10)
    await store.put(hash('sha256', bytes, 'hex'), bytes)
    await expect(store.put('0'.repeat(64), bytes)).rejects.toMatchObject({ code: 'object-altered' })
    expect(await readdir(join(folder, '.partial'))).toEqual([])
  })

  it('replaces an object that lost its end', async () => {
    const folder = await temporaryFolder()
    const store = await openFolderStore(folder)
    const bytes = randomBytes(100)
    const name = hash('sha256', bytes, 'hex')
    await store.put(name, bytes)
    await truncate(join(folder, name.slice(0, 2), name), 50)
    await store.put(name, bytes)
    expect(await store.get(name, 100)).toEqual(bytes)
  })

  it('counts an old object that is put again as put now, and leaves others as old as they are', async () => {
    const folder = await temporaryFolder()
    const store = await openFolderStore(folder)
    const [again, left] = [randomBytes(10), randomBytes(10)]
    for (const bytes of [again, left]) {
      const name = hash('sha256', bytes, 'hex')
      await store.put(name, bytes)
      await utimes(join(folder, name.slice(0, 2), name), 1000, 1000)
    }
    expect(await store.put(hash('sha256', again, 'hex'), again)).toBe(false)
    const old = []
    for await (const { name, putAt } of store.list()) if (putAt === 1_000_000) old.push(name)
    expect(old).toEqual([hash('sha256', left, 'hex')])
  })

  it('shows what a broken put left aside, and deletes it', async () => {
    const folder = await temporaryFolder()
    const store = await openFolderStore(folder)
    const leftovers = async () => {
      const found = []
      for await (const { id, size } of store.leftovers()) found.push({ id, size })
      return found
    }
    expect(await leftovers()).toEqual([])
    await mkdir(join(folder, '.partial'))
    for (const id of ['one', 'two']) await writeFile(join(folder, '.partial', id), 'half')
    await store.deleteLeftover('one')
    await store.deleteLeftover('one')
    expect(await leftovers()).toEqual([{ id: 'two', size: 4 }])
  })

  it('passes over files that are no objects', async () => {
    const folder = await temporaryFolder()
    const store = await openFolderStore(folder)
    await writeFile(join(folder, 'README'), 'not an object')
    const listed = []
    for await (const object of store.list()) listed.push(object)
    expect(listed).toEqual([])
  })

  it('says so when the folder cannot be made', async () => {
    const folder = await temporaryFolder()
    const file = join(folder, 'file')
    await writeFile(file, '')
    await expect(openFolderStore(join(file, 'store'))).rejects.toMatchObject({ code: 'store-unwritable' })
    await expect(openFolderStore(join(folder, 'store'))).resolves.toBeDefined()
  })

  it('is not made for a reader', async () => {
    const folder = await temporaryFolder()
    await expect(openFolderStore(join(folder, 'store'), { create: false })).rejects.toMatchObject({ code: 'store-missing' })
    expect(await readdir(folder)).toEqual([])
    const store = await openFolderStore(folder, { create: false })
    expect(await store.get('0'.repeat(64), 10)).toBeNull()
    expect(await readdir(folder)).toEqual([])
  })
})
