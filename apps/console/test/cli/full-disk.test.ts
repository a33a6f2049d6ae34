// SPDX-License-Identifier: Apache-2.0
//
// A disk that fills up: a clear message, the store as whole as before, and the next one succeeds.
import { randomBytes } from 'node:crypto'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { smallDisk } from '../small-disk.ts'
import { admin, makeKey, makeWorkplace, sealArguments } from './admin.ts'

const partial = (folder: string) => readdir(join(folder, '.partial'))

it('says that the disk is full, leaves no half object, and seals once there is room', async () => {
  const place = await makeWorkplace()
  await makeKey(place)
  const disk = await smallDisk(place.at('small'), 3)
  await writeFile(place.at('system.img'), randomBytes(6_291_456))
  const store = place.at('small', 'store')
  const args = sealArguments(place).map((word) => (word === place.at('store') ? store : word))
  const full = await admin([...args, '--json'])
  expect(full.code).toBe(3)
  expect(full.stderr).toMatch(/^note: the store has 3\.0 MiB free/)
  expect(JSON.parse(full.stdout).error.code).toBe('store-unwritable')
  expect(full.stderr).toContain('ENOSPC')
  expect(await partial(store)).toEqual([])

  disk.grow(32)
  const sealed = await admin([...args, '--json'])
  expect(sealed.code).toBe(0)
  const verified = await admin(['verify', '--manifest', place.at('out', 'manifest.json'), '--store', store])
  expect(verified.code).toBe(0)
})

it('refuses before the long part what can never fit, and seals the same once there is room', async () => {
  const place = await makeWorkplace()
  await makeKey(place)
  const disk = await smallDisk(place.at('small'), 1)
  await writeFile(place.at('system.img'), randomBytes(6_291_456))
  const store = place.at('small', 'store')
  const args = sealArguments(place).map((word) => (word === place.at('store') ? store : word))
  const refused = await admin([...args, '--json'])
  expect([refused.code, JSON.parse(refused.stdout).error.code]).toEqual([3, 'store-full'])
  expect(refused.stderr).not.toContain('sealed')
  expect(await readdir(store)).toEqual([])

  disk.grow(32)
  const sealed = await admin([...args, '--json'])
  expect([sealed.code, JSON.parse(sealed.stdout).notes]).toEqual([0, [{ code: 'boot-signature-missing', message: expect.any(String) }]])
  expect(sealed.stderr).toMatch(/^note: disk `system`: .* 55 AA/)
})
