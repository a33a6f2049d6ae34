// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process'
import { hash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { openFolderStore } from '../src/store/folder-store.ts'
import { temporaryFolder } from './disks.ts'

const seed = Number(process.env.CASEMATE_SEED ?? 20_260_131)
const kills = 4

/** mulberry32: the same numbers below 1 for the same seed. */
function numbersFrom(state: number): () => number {
  let at = state
  return () => {
    at = (at + 0x6d2b79f5) | 0
    let mixed = Math.imul(at ^ (at >>> 15), 1 | at)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const start = (...args: readonly string[]) =>
  spawn(process.execPath, [join(import.meta.dirname, 'seal-process.ts'), ...args], { stdio: ['ignore', 'pipe', 'inherit'] })

async function sealWhole(
  image: string,
  store: string,
  key: string,
): Promise<{ readonly newObjects: number; readonly unknown: number; readonly ms: number }> {
  const began = performance.now()
  const child = start(image, store, key)
  const [told, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
  expect(code).toBe(0)
  const { newObjects, chunks, reusedChunks } = JSON.parse(told)
  return { newObjects, unknown: chunks - reusedChunks, ms: performance.now() - began }
}

async function objectsIn(store: string): Promise<readonly string[]> {
  const names: string[] = []
  for await (const { name } of (await openFolderStore(store)).list()) names.push(name)
  return names.sort()
}

it(`a seal that is killed leaves whole objects only, and the next one stores just the rest (seed ${seed})`, { timeout: 180_000 }, async () => {
  const folder = await temporaryFolder()
  const [image, whole, store] = [join(folder, 'disk.img'), join(folder, 'whole'), join(folder, 'store')]
  // More than one batch, so that some objects have their names before the end.
  await writeFile(image, randomBytes(100_663_296))
  const key = randomBytes(32).toString('hex')
  const { newObjects: all, ms } = await sealWhole(image, whole, key)
  const random = numbersFrom(seed)
  for (let round = 0; round < kills; round += 1) {
    const child = start(image, store, key)
    const over = once(child, 'close')
    await Promise.race([over, wait(ms * random())])
    child.kill('SIGKILL')
    await over
    for (const name of await objectsIn(store)) {
      expect(hash('sha256', await readFile(join(store, name.slice(0, 2), name)), 'hex')).toBe(name)
    }
  }
  const kept = (await objectsIn(store)).length
  expect((await sealWhole(image, store, key)).newObjects).toBe(all - kept)
  // Nor do they keep the last one from being remembered whole.
  expect(await sealWhole(image, store, key)).toMatchObject({ newObjects: 0, unknown: 0 })
  expect(await objectsIn(store)).toEqual(await objectsIn(whole))
  // What the killed ones left aside is nothing that the store counts.
  expect((await readdir(join(store, '.partial'))).every((name) => !/^[0-9a-f]{64}$/.test(name))).toBe(true)
})
