// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { mkdir, open, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { mostEulaBytes } from '../src/eula.ts'
import { newPackageKey } from '../src/keys.ts'
import { openManifest } from '../src/manifest.ts'
import { openPackageDisk } from '../src/read/package-device.ts'
import { type SealDisk, type SealProgress, type SealRequest, sealPackage } from '../src/seal.ts'
import { openFolderStore } from '../src/store/folder-store.ts'
import type { ObjectStore } from '../src/store/object-store.ts'
import { hardware, mixedDisk, orgKey, sealContent, systemDisk, temporaryFolder } from './disks.ts'
import { storeOver } from './store-over.ts'

async function prepare(): Promise<{
  folder: string
  path: string
  store: ObjectStore
  seal: (changes?: Partial<SealRequest>) => ReturnType<typeof sealPackage>
}> {
  const folder = await temporaryFolder()
  const path = join(folder, 'system.img')
  await writeFile(path, mixedDisk())
  const store = await openFolderStore(join(folder, 'store'))
  const disks: SealDisk[] = [{ name: 'system', role: 'system', controller: 'ide', path }]
  const request = {
    name: 'accounting',
    version: '1.0.0',
    createdAt: '2026-01-31T12:00:00Z',
    hardware,
    disks,
    orgKey,
    packageKey: newPackageKey(),
    store,
  }
  return { folder, path, store, seal: (changes = {}) => sealPackage({ ...request, ...changes }) }
}

async function countObjects(store: ObjectStore): Promise<number> {
  let count = 0
  for await (const _ of store.list()) count += 1
  return count
}

describe('sealPackage', () => {
  it('stores the EULA in clear under its digest, which the manifest names, and refuses one that is empty, too long or no text', async () => {
    const { store, seal } = await prepare()
    const eula = Buffer.from('Use it well.\n')
    const { manifest, sha256 } = await seal({ eula })
    const name = createHash('sha256').update(eula).digest('hex')
    expect(openManifest(manifest, sha256).eula).toEqual({ sha256: name })
    expect(await store.get(name, mostEulaBytes)).toEqual(eula)
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(mostEulaBytes + 1, 'a'), Buffer.of(0xc3, 0x28)]) {
      await expect(seal({ eula: bytes })).rejects.toMatchObject({ code: 'eula-invalid' })
    }
    const without = await seal()
    expect(openManifest(without.manifest, without.sha256).eula).toBeNull()
  })

  it('describes machine and disks in the manifest, the size in whole blocks', async () => {
    const { folder, path, seal } = await prepare()
    const user = join(folder, 'user.img')
    await writeFile(user, Buffer.alloc(512, 1))
    const disks: SealDisk[] = [
      { name: 'system', role: 'system', controller: 'ide', path },
      { name: 'user', role: 'user', controller: 'virtio', path: user },
    ]
    const { manifest, sha256, stats } = await seal({ disks })
    const parsed = openManifest(manifest, sha256)
    expect(parsed).toMatchObject({ name: 'accounting', version: '1.0.0', hardware, validity: { notBefore: null, notAfter: null } })
    expect(parsed.disks.map(({ root, ...disk }) => disk)).toEqual([
      { name: 'system', role: 'system', size: 2_097_152, controller: 'ide' },
      { name: 'user', role: 'user', size: 4096, controller: 'virtio' },
    ])
    expect(stats).toMatchObject({ bytesRead: 2_101_248, bytesTotal: 2_101_248 })
  })

  it('gives the same bytes for the same input', async () => {
    const { seal } = await prepare()
    const first = await seal()
    const again = await seal()
    expect(again.manifest).toEqual(first.manifest)
    expect(again.stats).toMatchObject({ newObjects: 0, storedBytes: 0 })
  })

  it('tells its progress up to the end', async () => {
    const { seal } = await prepare()
    const read: number[] = []
    const { stats } = await seal({ onProgress: ({ bytesRead }) => read.push(bytesRead) })
    expect(read.at(-1)).toBe(stats.bytesTotal)
    expect(read).toEqual([...read].sort((a, b) => a - b))
  })

  it('seals a sparse disk of several regions in the size of its data', async () => {
    const { folder, path } = await prepare()
    const size = 300 * 1_048_576
    await truncate(path, size)
    const file = await open(path, 'r+')
    await file.write(Buffer.alloc(8192, 'across the end of a region'), 0, 8192, 134_217_728 - 4096)
    await file.close()
    const store = await openFolderStore(join(folder, 'sparse'))
    const packageKey = newPackageKey()
    const disks: SealDisk[] = [{ name: 'system', role: 'system', controller: 'ide', path }]
    const sealed = await sealPackage({ name: 'a', version: '1', createdAt: '2026-01-31T12:00:00Z', hardware, disks, orgKey, packageKey, store })
    expect(sealed.stats.storedBytes).toBeLessThan(2_000_000)
    const disk = await openPackageDisk({ disk: systemDisk(sealed), packageKey, origin: store })
    expect(execFileSync('sha256sum', [path], { encoding: 'utf8' }).slice(0, 64)).toBe(await sha256Of(disk))
    expect(await disk.extents(150_000_000, 100_000_000)).toEqual([{ length: 100_000_000, zero: true }])
  })
})

async function sha256Of(disk: { readonly size: number; read(offset: number, length: number): Promise<Uint8Array> }): Promise<string> {
  const sum = createHash('sha256')
  for (let at = 0; at < disk.size; at += 4_194_304) sum.update(await disk.read(at, Math.min(4_194_304, disk.size - at)))
  return sum.digest('hex')
}

async function without(path: string): Promise<Partial<SealRequest>> {
  await rm(path)
  return {}
}

async function truncated(path: string, size: number): Promise<Partial<SealRequest>> {
  await truncate(path, size)
  return {}
}

/** Its place for claims is taken, which also the superuser cannot pass. */
async function unwritableStore(folder: string): Promise<ObjectStore> {
  const store = await openFolderStore(join(folder, 'unwritable'))
  await writeFile(join(folder, 'unwritable', '.claims'), '')
  return store
}

describe('what cannot be sealed is refused before anything is read or stored', () => {
  const refusedCases: readonly [string, string, (paths: { path: string; folder: string }) => Promise<Partial<SealRequest>>][] = [
    ['a disk image that is not there', 'source-unreadable', ({ path }) => without(path)],
    [
      'a folder',
      'source-unreadable',
      async ({ path }) => {
        await rm(path)
        await mkdir(path)
        return {}
      },
    ],
    [
      'a named pipe, without waiting for its writer',
      'source-unreadable',
      async ({ path }) => {
        await rm(path)
        execFileSync('mkfifo', [path])
        return {}
      },
    ],
    [
      'a second disk that is not there',
      'source-unreadable',
      async ({ path, folder }) => ({
        disks: [
          { name: 'system', role: 'system', controller: 'ide', path },
          { name: 'user', role: 'user', controller: 'ide', path: join(folder, 'user.img') },
        ],
      }),
    ],
    ['a store that cannot be written', 'store-unwritable', async ({ folder }) => ({ store: await unwritableStore(folder) })],
    ['an empty file', 'disk-empty', ({ path }) => truncated(path, 0)],
    ['a file that is not of whole sectors', 'disk-invalid', ({ path }) => truncated(path, 1000)],
    ['an organisation key of another length', 'key-invalid', async () => ({ orgKey: new Uint8Array(31) })],
    ['a package key of another length', 'key-invalid', async () => ({ packageKey: new Uint8Array(33) })],
    ['a name that is a path', 'manifest-invalid', async () => ({ name: '../accounting' })],
    ['a time that is none', 'manifest-invalid', async () => ({ createdAt: 'today' })],
    ['no disk', 'manifest-invalid', async () => ({ disks: [] })],
    ['no system disk', 'manifest-invalid', async ({ path }) => ({ disks: [{ name: 'user', role: 'user', controller: 'ide', path }] })],
  ]

  it.each(refusedCases)('%s', async (_, code, change) => {
    const { folder, path, store, seal } = await prepare()
    const changes = await change({ path, folder })
    const read: SealProgress[] = []
    await expect(seal({ ...changes, onProgress: (progress) => read.push(progress) })).rejects.toMatchObject({ code })
    expect(read).toEqual([])
    expect(await countObjects(store)).toBe(0)
  })

  it('and the neighbouring request is taken', async () => {
    const { store, seal } = await prepare()
    const read: SealProgress[] = []
    await expect(seal({ onProgress: (progress) => read.push(progress) })).resolves.toBeDefined()
    expect(read).not.toEqual([])
    expect(await countObjects(store)).toBeGreaterThan(0)
  })
})

describe('a seal that does not come to its end', () => {
  it('stops when it is cancelled, stores no root, and leaves nothing aside', async () => {
    const { folder, store, seal } = await prepare()
    const whole = await sealContent(mixedDisk())
    const stop = new AbortController()
    await expect(seal({ signal: stop.signal, onProgress: () => stop.abort() })).rejects.toMatchObject({ code: 'seal-cancelled' })
    expect(await countObjects(store)).toBeLessThan(await countObjects(whole.store))
    expect(await readdir(join(folder, 'store', '.partial'))).toEqual([])
  })

  it('fails with the store, and goes on from what is there when the store can be written again', async () => {
    const { folder, store, seal } = await prepare()
    const full = storeOver(store, {
      put: async (name, bytes) => {
        if ((await countObjects(store)) >= 3) throw new Error('no space left')
        return await store.put(name, bytes)
      },
    })
    await expect(seal({ store: full })).rejects.toThrow('no space left')
    expect(await readdir(join(folder, 'store', '.partial'))).toEqual([])
    const kept = await countObjects(store)
    expect(kept).toBeGreaterThan(0)
    const { stats } = await seal()
    expect(stats.newObjects).toBe((await countObjects(store)) - kept)
  })

  it('refuses a disk image that changes meanwhile', async () => {
    const { path, seal } = await prepare()
    const changing = seal({ onProgress: () => writeFileSync(path, Buffer.alloc(512)) })
    await expect(changing).rejects.toMatchObject({ code: 'source-changed' })
    expect((await readFile(path)).length).toBe(512)
  })
})
