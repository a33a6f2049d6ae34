// SPDX-License-Identifier: Apache-2.0
//
// A warm state of several pieces in a real store: what was sealed comes back and nothing else, and whoever looks after a store knows it.
import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { encodeManifest, type Manifest, manifestSha256, openManifest } from '../src/manifest.ts'
import { collectGarbage } from '../src/upkeep/collect.ts'
import { diffPackages } from '../src/upkeep/diff.ts'
import { checkStore } from '../src/upkeep/fsck.ts'
import { neededObjects } from '../src/upkeep/reach.ts'
import { verifyNames, verifyPackage } from '../src/verify.ts'
import { openWarmState, type WarmState } from '../src/warm-state/read.ts'
import { sealWarmState } from '../src/warm-state/seal.ts'
import { flipBit, mixedDisk, type Sealed, sealContent } from './disks.ts'

const machine = 'v86 0.5.462; 128 MiB; system 2097152; network none'
/** 302 blocks of the disk's 512: 1.2 MB. */
const runs: readonly (readonly [number, number])[] = [
  [0, 1],
  [100, 300],
  [511, 1],
]
const pieceBytes = 4_194_304

interface Warm extends Sealed {
  readonly warmManifest: Manifest & { readonly warmState: { readonly sha256: string } }
  readonly blocks: Buffer
  readonly state: Buffer
}

/** A package with a warm state of three pieces, which came in parts of any length. */
async function sealWarm(): Promise<Warm> {
  const sealed = await sealContent(mixedDisk())
  const manifest = openManifest(sealed.manifest, sealed.sha256)
  const [blocks, state] = [randomBytes(302 * 4096), randomBytes(2 * pieceBytes + 4321)]
  const payload = Readable.from([blocks.subarray(0, 5000), blocks.subarray(5000), state.subarray(0, 7_000_001), state.subarray(7_000_001)])
  const source = { machine, disks: [{ name: 'system', runs }], payload }
  const sha256 = await sealWarmState(source, sealed.packageKey, manifest.disks, sealed.store)
  return { ...sealed, warmManifest: { ...manifest, warmState: { sha256 } }, blocks, state }
}

const open = ({ store, warmManifest, packageKey }: Warm) => openWarmState(store, warmManifest, packageKey)
const pathOf = ({ folder }: Sealed, name: string) => join(folder, 'store', name.slice(0, 2), name)
const hashOf = (manifest: Manifest): string => manifestSha256(encodeManifest(manifest))
const packageOf = ({ warmManifest: manifest, packageKey }: Warm) => ({ manifest, packageKey })

async function stateOf(warm: WarmState): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of warm.state()) parts.push(part)
  return Buffer.concat(parts)
}

describe('a warm state', () => {
  it('comes back as it was sealed, block by block and whole, and its manifest is one', async () => {
    const sealed = await sealWarm()
    const warm = await open(sealed)
    expect([warm.machine, warm.pieces.length, warm.runs('system'), warm.runs('user')]).toEqual([machine, 3, runs, []])
    expect((await warm.blocks('system', 0, 302)).equals(sealed.blocks)).toBe(true)
    expect((await warm.blocks('system', 300, 2)).equals(sealed.blocks.subarray(300 * 4096))).toBe(true)
    expect((await stateOf(warm)).equals(sealed.state)).toBe(true)
    expect(openManifest(encodeManifest(sealed.warmManifest), hashOf(sealed.warmManifest)).warmState).toEqual(sealed.warmManifest.warmState)
  })

  it('is fetched whole or refused by name: no flipped bit of any piece gets through', async () => {
    const sealed = await sealWarm()
    const { pieces } = await open(sealed)
    for (const object of [...pieces.map(({ name }) => name), sealed.warmManifest.warmState.sha256]) {
      const fetched = async () => (await open(sealed)).fetch()
      await flipBit(pathOf(sealed, object), 999)
      await expect(fetched(), object).rejects.toMatchObject({ code: 'warm-state-altered', subject: { object } })
      await flipBit(pathOf(sealed, object), 999)
      await expect(fetched()).resolves.toBeUndefined()
    }
    await rm(pathOf(sealed, pieces[1]?.name ?? ''))
    await expect((await open(sealed)).fetch()).rejects.toMatchObject({ code: 'warm-state-missing' })
  })

  it('is refused where blocks are said to be written of which there are none', async () => {
    const { packageKey, store, manifest, sha256 } = await sealContent(mixedDisk())
    const { disks } = openManifest(manifest, sha256)
    const seal = (bytes: number) =>
      sealWarmState({ machine, disks: [{ name: 'system', runs: [[0, 2]] }], payload: Readable.from([Buffer.alloc(bytes)]) }, packageKey, disks, store)
    await expect(seal(8192)).rejects.toMatchObject({ code: 'warm-state-invalid' })
    await expect(seal(8193)).resolves.toMatch(/^[0-9a-f]{64}$/)
  })
})

describe('those who look after a store', () => {
  it('count its pieces among what the package needs, and keep them', async () => {
    const sealed = await sealWarm()
    const { pieces } = await open(sealed)
    const all = new Map<string, string>()
    for await (const { name, kind } of neededObjects(packageOf(sealed), sealed.store)) all.set(name, kind)
    expect([...all].filter(([, kind]) => kind === 'piece').map(([name]) => name)).toEqual(pieces.map(({ name }) => name))
    const swept = await collectGarbage({ store: sealed.store, packages: [packageOf(sealed)], graceSeconds: -1, delete: true })
    expect([swept.unused.objects, swept.needed.objects]).toEqual([0, all.size])
    const { fetched } = await diffPackages(
      { ...packageOf(sealed), manifest: { ...sealed.warmManifest, warmState: null } },
      packageOf(sealed),
      sealed.store,
    )
    // The head's bytes are not counted.
    expect(fetched).toEqual({ objects: 4, bytes: pieces.reduce((sum, { storedLength }) => sum + storedLength, 0) })
    const without = await collectGarbage({
      store: sealed.store,
      packages: [{ ...packageOf(sealed), manifest: { ...sealed.warmManifest, warmState: null } }],
      graceSeconds: -1,
      delete: true,
    })
    expect(without.unused.objects).toBe(4)
  })

  it('find what of it is altered or gone, with the key and, for the head, without', async () => {
    const sealed = await sealWarm()
    const { warmManifest: manifest, store } = sealed
    const [piece = ''] = (await open(sealed)).pieces.map(({ name }) => name)
    const found = async () => [
      (await verifyPackage({ ...packageOf(sealed), store })).problems.map(({ code, object }) => [code, object]),
      (await verifyNames({ manifest, store })).problems.map(({ code, object }) => [code, object]),
      (await checkStore({ store, packages: [packageOf(sealed)], repair: false })).problems.map(({ code, object }) => [code, object]),
    ]
    expect(await found()).toEqual([[], [], []])
    await flipBit(pathOf(sealed, piece), 999)
    expect(await found()).toEqual([[['warm-state-altered', piece]], [['object-altered', piece]], [['object-altered', piece]]])
    await flipBit(pathOf(sealed, piece), 999)
    await rm(pathOf(sealed, manifest.warmState.sha256))
    const head = manifest.warmState.sha256
    expect(await found()).toEqual([[['warm-state-missing', head]], [['warm-state-missing', head]], [['object-missing', head]]])
  })
})
