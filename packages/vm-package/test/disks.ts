// SPDX-License-Identifier: Apache-2.0
//
// Disk images and folders for the tests of this package.
import { randomBytes } from 'node:crypto'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { onTestFinished } from 'vitest'
import type { Hardware } from '../src/hardware.ts'
import { newPackageKey } from '../src/keys.ts'
import { openManifest } from '../src/manifest.ts'
import { type SealedPackage, type SealRequest, sealPackage } from '../src/seal.ts'
import { openFolderStore } from '../src/store/folder-store.ts'
import type { ObjectStore } from '../src/store/object-store.ts'

export const hardware: Hardware = { firmware: 'bios', chipset: 'i440fx', cpus: 1, memoryMiB: 128, video: 'std', network: null }
export const orgKey = new Uint8Array(32).fill(7)

/** A folder that is gone after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'casemate-package-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export interface Part {
  /** In blocks of 4096 bytes. */
  readonly at: number
  readonly blocks: number
  readonly content: 'random' | 'text'
}

/** Sparse disks up to a few MiB with data and holes anywhere; sizes in sectors. */
export const sparseDisks = fc.record({
  sectors: fc.integer({ min: 1, max: 8192 }),
  parts: fc.array(fc.record<Part>({ at: fc.nat(1023), blocks: fc.integer({ min: 1, max: 300 }), content: fc.constantFrom('random', 'text') }), {
    maxLength: 5,
  }),
})

export function contentOf({ sectors, parts }: { readonly sectors: number; readonly parts: readonly Part[] }): Buffer {
  const bytes = Buffer.alloc(sectors * 512)
  for (const { at, blocks, content } of parts) {
    const room = bytes.subarray(at * 4096, (at + blocks) * 4096)
    if (content === 'random') randomBytes(room.length).copy(room)
    else room.fill('casemate ')
  }
  return bytes
}

/** 2 MiB of everything: random, text, zeros, single blocks. */
export const mixedDisk = (): Buffer =>
  contentOf({
    sectors: 4096,
    parts: [
      { at: 0, blocks: 100, content: 'random' },
      { at: 120, blocks: 200, content: 'text' },
      { at: 400, blocks: 1, content: 'random' },
      { at: 511, blocks: 1, content: 'text' },
    ],
  })

export interface Sealed extends SealedPackage {
  readonly folder: string
  readonly store: ObjectStore
  readonly packageKey: Uint8Array
  /** The disk's bytes, filled up to whole blocks. */
  readonly content: Buffer
}

/** To seal one system disk. */
export function requestFor(path: string, store: ObjectStore, packageKey: Uint8Array): SealRequest {
  return {
    name: 'accounting',
    version: '1.0.0',
    createdAt: '2026-01-31T12:00:00Z',
    hardware,
    disks: [{ name: 'system', role: 'system', controller: 'ide', path }],
    orgKey,
    packageKey,
    store,
  }
}

/** Seals one system disk with `content` in a folder of its own. */
export async function sealContent(content: Buffer, changes: Partial<SealRequest> = {}): Promise<Sealed> {
  const folder = await temporaryFolder()
  const path = join(folder, 'system.img')
  await writeFile(path, content)
  const store = changes.store ?? (await openFolderStore(join(folder, 'store')))
  const packageKey = newPackageKey()
  const sealed = await sealPackage({ ...requestFor(path, store, packageKey), ...changes })
  const filled = Buffer.concat([content, Buffer.alloc((4096 - (content.length % 4096)) % 4096)])
  return { ...sealed, folder, store, packageKey, content: filled }
}

/** The first disk of a sealed package as its reader knows it. */
export function systemDisk({ manifest, sha256 }: SealedPackage) {
  const [disk] = openManifest(manifest, sha256).disks
  if (disk === undefined) throw new Error('the package has no disk')
  return disk
}

/** Flips one bit of a file in place. */
export async function flipBit(path: string, bit: number): Promise<void> {
  const file = await open(path, 'r+')
  try {
    const byte = Buffer.alloc(1)
    await file.read(byte, 0, 1, bit >> 3)
    byte.writeUInt8(byte.readUInt8(0) ^ (1 << (bit & 7)))
    await file.write(byte, 0, 1, bit >> 3)
  } finally {
    await file.close()
  }
}
