// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { ObjectRef } from '../src/chunk/open.ts'
import { memoPath, SealMemo } from '../src/seal/memo.ts'
import { memoKeys } from '../src/seal/memo-format.ts'
import { MemoWriter } from '../src/seal/memo-writer.ts'
import { FolderIntake, pathIn } from '../src/store/folder-intake.ts'
import { orgKey, temporaryFolder } from './disks.ts'

const keys = memoKeys(orgKey)

interface Learnt {
  readonly tag: Buffer
  readonly ref: ObjectRef
}

/** Objects that are in the store by name; a memo asks for no more. */
async function learntIn(folder: string, count: number): Promise<readonly Learnt[]> {
  const learnt = Array.from({ length: count }, (_, at) => ({
    tag: randomBytes(32),
    ref: { name: randomBytes(32).toString('hex'), key: new Uint8Array(randomBytes(32)), storedLength: at },
  }))
  for (const { ref } of learnt) {
    await mkdir(join(folder, ref.name.slice(0, 2)), { recursive: true })
    await writeFile(pathIn(folder, ref.name), '')
  }
  return learnt
}

function known(folder: string, learnt: readonly Learnt[]): readonly (ObjectRef | null)[] {
  const memo = SealMemo.open(folder, keys)
  const found = learnt.map(({ tag }) => memo?.find(tag) ?? null)
  memo?.close()
  return found
}

async function keep(folder: string, learnt: readonly Learnt[], most?: number): Promise<void> {
  const writer = new MemoWriter(new FolderIntake(folder), keys, most)
  await Promise.all(learnt.map(({ tag, ref }) => writer.learn(tag, ref)))
  await writer.keep()
}

it('knows all of many pages, whether they were written at once or in parts, and nothing else', async () => {
  for (const most of [10_000, 250]) {
    const folder = await temporaryFolder()
    const learnt = await learntIn(folder, 600)
    await keep(folder, learnt, most)
    expect(known(folder, learnt)).toEqual(learnt.map(({ ref }) => ref))
    expect(known(folder, [{ ...(learnt[0] as Learnt), tag: randomBytes(32) }])).toEqual([null])
    expect(await readdir(join(folder, '.partial'))).toEqual([])
  }
})

it('adds to what an earlier seal has learnt, and holds a tag once', async () => {
  const folder = await temporaryFolder()
  const [one, other] = [await learntIn(folder, 150), await learntIn(folder, 150)]
  await keep(folder, one)
  await keep(folder, [...other, ...other, ...one.slice(0, 50)])
  expect(known(folder, [...one, ...other])).toEqual([...one, ...other].map(({ ref }) => ref))
  const memo = SealMemo.open(folder, keys)
  expect([memo?.entries, [...(memo?.records() ?? [])].length]).toEqual([300, 300])
  memo?.close()
})

it('is whole after two seals that end at the same time', async () => {
  const folder = await temporaryFolder()
  const [one, other] = [await learntIn(folder, 150), await learntIn(folder, 150)]
  await Promise.all([keep(folder, one), keep(folder, other)])
  const [ofOne, ofOther] = [one, other].map((learnt) => known(folder, learnt).filter((ref) => ref !== null).length)
  expect([ofOne, ofOther]).toContain(150)
})

it('forgets more than a page has room for', async () => {
  const folder = await temporaryFolder()
  const learnt = (await learntIn(folder, 100)).map((each, at) => ({ ...each, tag: Buffer.concat([Buffer.alloc(31), Buffer.of(at)]) }))
  await keep(folder, learnt)
  expect(known(folder, learnt).filter((ref) => ref !== null)).toHaveLength(81)
})

it('leaves the memo as it is when nothing was learnt', async () => {
  const folder = await temporaryFolder()
  await keep(folder, [])
  expect(SealMemo.open(folder, keys)).toBeNull()
  expect(memoPath(folder, keys)).toContain(join(folder, '.memo'))
})
