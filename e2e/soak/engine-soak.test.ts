// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { soakEngine } from './soak-engine.ts'

const seed = 20_261_127

it(`loses no durable write and names every state when a process of a session is killed (seed ${seed})`, { timeout: 300_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'soak-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const rounds = await soakEngine({ seed, rounds: [1, 2, 3, 4, 5, 6, 7, 8], folder })
  expect(rounds.filter(({ ok }) => !ok)).toEqual([])
  expect(rounds.map(({ kind }) => kind)).toEqual(
    ['starter', 'session host', 'VM', 'way out'].flatMap((victim) => ['v86', 'qemu'].map((engine) => `${victim} on ${engine}`)),
  )
})
