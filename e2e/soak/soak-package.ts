// SPDX-License-Identifier: Apache-2.0
//
// Rounds of kill -9 at drawn moments: a seal, a VM on each engine, a fetch. After each, nothing that was acknowledged may be lost.
import { mkdir, rm } from 'node:fs/promises'
import { layoutOf } from '../../apps/client-runtime/layout.ts'
import { placesOf } from '../session-host/places.ts'
import { closeWorld } from '../session-host/world.ts'
import { fetchRound } from './fetch-round.ts'
import { type Ground, prepareGround } from './ground.ts'
import { runRound } from './run-round.ts'
import { sealRound } from './seal-round.ts'
import { numbersOfRound } from './seeded.ts'
import { playRound, type Round, type SoakOptions } from './soak.ts'

const kinds = ['seal', 'run on qemu', 'fetch', 'run on v86'] as const

type Kind = (typeof kinds)[number]

/** Goes on after a round that failed. @throws Error when the ground could not be prepared */
export async function soakPackage({ seed, rounds, folder, onRound }: SoakOptions): Promise<readonly Round[]> {
  const ground = await prepareGround(seed, folder)
  const done: Round[] = []
  for (const round of rounds) {
    const result = await play(ground, round)
    done.push(result)
    onRound?.(result)
  }
  return done
}

async function play(ground: Ground, round: number): Promise<Round> {
  const kind = kinds[(round - 1) % kinds.length] ?? 'seal'
  const name = `round-${round}`
  const data = placesOf(ground.folder).data(name)
  await mkdir(data)
  const result = await playRound(round, kind, () => kill(ground, kind, name, numbersOfRound(ground.seed, round)))
  if (result.ok) await rm(data, { recursive: true })
  for (const world of Object.values(ground.worlds)) await closeWorld(world)
  await rm(layoutOf(data).runtimeFolder, { recursive: true, force: true })
  return result
}

function kill(ground: Ground, kind: Kind, name: string, random: () => number): Promise<string> {
  switch (kind) {
    case 'seal':
      return sealRound(ground, placesOf(ground.folder).data(name), random)
    case 'fetch':
      return fetchRound(ground, name, random)
    case 'run on qemu':
      return runRound(ground, name, 'qemu', random)
    case 'run on v86':
      return runRound(ground, name, 'v86', random)
  }
}
