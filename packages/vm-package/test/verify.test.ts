// SPDX-License-Identifier: Apache-2.0
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openManifest } from '../src/manifest.ts'
import { verifyNames, verifyPackage } from '../src/verify.ts'
import { flipBit, mixedDisk, type Sealed, sealContent } from './disks.ts'

const pathOf = (sealed: Sealed, name: string) => join(sealed.folder, 'store', name.slice(0, 2), name)

async function sealedOnce(): Promise<{
  sealed: Sealed
  objects: readonly string[]
  root: string
  withKey: () => ReturnType<typeof verifyPackage>
  withoutKey: () => ReturnType<typeof verifyNames>
}> {
  const sealed = await sealContent(mixedDisk())
  const manifest = openManifest(sealed.manifest, sealed.sha256)
  const root = manifest.disks[0]?.root ?? ''
  const objects: string[] = []
  for await (const { name } of sealed.store.list()) objects.push(name)
  const { store, packageKey } = sealed
  return { sealed, objects, root, withKey: () => verifyPackage({ manifest, packageKey, store }), withoutKey: () => verifyNames({ manifest, store }) }
}

describe('verifyPackage', () => {
  it('reads every object of an intact package once and finds nothing', async () => {
    const { sealed, objects, withKey } = await sealedOnce()
    expect(await withKey()).toEqual({ objects: objects.length, bytes: sealed.stats.storedBytes, problems: [] })
  })

  it('lists every chunk that is altered or missing, and goes on', async () => {
    const { sealed, objects, root, withKey } = await sealedOnce()
    const intact = await withKey()
    for (const name of objects) await flipBit(pathOf(sealed, name), 100)
    expect((await withKey()).problems).toMatchObject([{ disk: 'system', object: root, code: 'root-altered' }])
    await flipBit(pathOf(sealed, root), 100)
    const [page] = (await withKey()).problems
    expect(page).toMatchObject({ disk: 'system', code: 'page-altered' })
    await flipBit(pathOf(sealed, page?.object ?? ''), 100)
    const { problems } = await withKey()
    expect(problems.map(({ code }) => code)).toEqual(problems.map(() => 'chunk-altered'))
    expect(new Set(problems.map(({ object }) => object))).toEqual(new Set(objects.filter((name) => name !== root && name !== page?.object)))
    for (const { object } of problems) await flipBit(pathOf(sealed, object), 100)
    expect(await withKey()).toEqual(intact)
    const [gone = ''] = problems.map(({ object }) => object)
    await rm(pathOf(sealed, gone))
    expect((await withKey()).problems).toMatchObject([{ disk: 'system', object: gone, code: 'chunk-missing' }])
  })
})

describe('verifyNames', () => {
  it('finds nothing in an intact store', async () => {
    const { objects, withoutKey } = await sealedOnce()
    expect(await withoutKey()).toMatchObject({ objects: objects.length, problems: [] })
  })

  it('finds every altered object, and a root that is gone', async () => {
    const { sealed, objects, root, withoutKey } = await sealedOnce()
    for (const name of objects) await flipBit(pathOf(sealed, name), 100)
    const { problems } = await withoutKey()
    expect(new Set(problems.map(({ object }) => object))).toEqual(new Set(objects))
    expect(new Set(problems.map(({ code }) => code))).toEqual(new Set(['object-altered']))
    for (const name of objects) await flipBit(pathOf(sealed, name), 100)
    await rm(pathOf(sealed, root))
    expect((await withoutKey()).problems).toMatchObject([{ disk: 'system', object: root, code: 'root-missing' }])
  })

  it('stops when it is told to', async () => {
    const { sealed } = await sealedOnce()
    const manifest = openManifest(sealed.manifest, sealed.sha256)
    const stopped = verifyNames({ manifest, store: sealed.store, signal: AbortSignal.abort(new Error('enough')) })
    await expect(stopped).rejects.toThrow('enough')
  })
})
