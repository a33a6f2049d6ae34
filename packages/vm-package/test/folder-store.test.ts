// SPDX-License-Identifier: Apache-2.0
import { hash, randomBytes } from 'node:crypto'
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises'
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
