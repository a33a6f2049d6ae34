// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { soakEngine } from './soak-engine.ts'

const seed = 20_261_127
/** Each victim once, and both engines; all pairs of them are the rounds 1 to 10. */
const rounds = [1, 4, 5, 8, 9]

it(`loses no durable write and names every state when a process of a desktop is killed (seed ${seed})`, { timeout: 300_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'soak-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const played = await soakEngine({ seed, rounds, folder })
  expect(played.filter(({ ok }) => !ok)).toEqual([])
  expect(played.map(({ kind }) => kind)).toEqual([
    'daemon on v86',
    'session host on qemu',
    'VM on v86',
    'way out on qemu',
    'daemon and session host on v86',
  ])
})
