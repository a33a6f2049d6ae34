// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { soakPackage } from './soak-package.ts'

const seed = 20_261_126
/** Eight rounds take about a minute. */
const kinds = ['seal', 'run on qemu', 'fetch', 'run on v86']

it(`loses nothing that was acknowledged when a seal, a VM on each engine and a fetch are killed (seed ${seed})`, { timeout: 300_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'soak-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const rounds = await soakPackage({ seed, rounds: [1, 2, 3, 4, 5, 6, 7, 8], folder })
  expect(rounds.filter(({ ok }) => !ok)).toEqual([])
  expect(rounds.map(({ kind }) => kind)).toEqual([...kinds, ...kinds])
})
