// SPDX-License-Identifier: Apache-2.0
//
// What is asked of the store before a seal: refused is what cannot fit, never what does.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { newPackageKey } from '../src/keys.ts'
import type { SealNote } from '../src/seal/note.ts'
import { type SealedPackage, sealPackage } from '../src/seal.ts'
import { openFolderStore } from '../src/store/folder-store.ts'
import { hardware, orgKey, temporaryFolder } from './disks.ts'
import { storeOver } from './store-over.ts'

const mebibyte = 1_048_576
const bootable = (bytes: Buffer): Buffer => {
  bytes.set([0xfa, 0x55, 0xaa], 509)
  return bytes
}

/** Seals an image of `content` into a store that says how much room it has. */
async function prepare(content: Buffer) {
  const folder = await temporaryFolder()
  const path = join(folder, 'system.img')
  await writeFile(path, content)
  const store = await openFolderStore(join(folder, 'store'))
  const seal = async (free: number, image = path): Promise<SealedPackage & { readonly notes: readonly SealNote['code'][] }> => {
    const notes: SealNote['code'][] = []
    const sealed = await sealPackage({
      ...{ name: 'a', version: '1', createdAt: '2026-01-31T12:00:00Z', hardware, orgKey, packageKey: newPackageKey() },
      disks: [{ name: 'system', role: 'system', controller: 'ide', path: image }],
      store: storeOver(store, { room: async () => free }),
      onNote: ({ code }) => notes.push(code),
    })
    return { ...sealed, notes }
  }
  return { folder, path, seal, stored: async () => await readdir(join(folder, 'store'), { recursive: true }) }
}

it('refuses before anything is written what an empty store cannot hold, notes what it may not hold, and says nothing where all fits', async () => {
  const { seal, stored } = await prepare(bootable(randomBytes(6 * mebibyte)))
  await expect(seal(mebibyte)).rejects.toMatchObject({ code: 'store-full', message: expect.stringContaining('1.0 MiB free') })
  expect(await stored()).toEqual([])
  expect((await seal(6 * mebibyte)).notes).toEqual(['store-may-fill'])
  expect((await seal(8 * mebibyte)).notes).toEqual([])
})

it('refuses no second seal for what the store has already, and one for which not even its own pages fit', async () => {
  const { seal } = await prepare(bootable(randomBytes(6 * mebibyte)))
  await seal(8 * mebibyte)
  const { notes, stats } = await seal(0.1 * mebibyte)
  expect(notes).toEqual(['store-may-fill'])
  expect(stats.storedBytes).toBeLessThan(0.1 * mebibyte)
  await expect(seal(0.05 * mebibyte)).rejects.toMatchObject({ code: 'store-full' })
})

it('counts no zeros, mapped or not, and no content that compresses away', async () => {
  const content = bootable(Buffer.alloc(24 * mebibyte, 'casemate '))
  content.fill(0, 4096, 12 * mebibyte)
  const { seal } = await prepare(content)
  const { notes, stats } = await seal(mebibyte)
  expect(notes).toEqual(['store-may-fill'])
  expect(stats.storedBytes).toBeLessThan(mebibyte)
})

it('looks into other kinds of images too, and lets a stream try', async () => {
  const content = bootable(randomBytes(6 * mebibyte))
  const { folder, path, seal } = await prepare(content)
  const qcow2 = join(folder, 'system.qcow2')
  execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', path, qcow2])
  await expect(seal(mebibyte, qcow2)).rejects.toMatchObject({ code: 'store-full' })
  expect((await seal(6 * mebibyte, qcow2)).notes).toEqual(['store-may-fill'])
  const gzip = join(folder, 'system.img.gz')
  await writeFile(gzip, gzipSync(content))
  const { notes, stats } = await seal(mebibyte, gzip)
  expect(notes).toEqual(['store-may-fill'])
  expect(stats.reusedChunks + stats.newObjects).toBeGreaterThan(0)
})

it('notes whether the first disk looks bootable, whatever kind of image it is, and seals it all the same', async () => {
  const content = randomBytes(mebibyte).fill(0, 510, 512)
  const { folder, path, seal } = await prepare(content)
  const qcow2 = join(folder, 'system.qcow2')
  execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', path, qcow2])
  const gzip = join(folder, 'system.img.gz')
  await writeFile(gzip, gzipSync(content))
  for (const image of [path, qcow2, gzip]) expect((await seal(8 * mebibyte, image)).notes).toEqual(['boot-signature-missing'])
  await writeFile(path, bootable(content))
  await writeFile(gzip, gzipSync(content))
  execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', path, qcow2])
  for (const image of [path, qcow2, gzip]) expect((await seal(8 * mebibyte, image)).notes).toEqual([])
})
