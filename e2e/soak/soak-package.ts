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

const kinds = ['seal', 'run on qemu', 'fetch', 'run on v86'] as const

export interface Round {
  readonly round: number
  readonly kind: (typeof kinds)[number]
  /** Nothing was lost. */
  readonly ok: boolean
  /** What happened, or what was lost. */
  readonly detail: string
  readonly seconds: number
}

export interface SoakOptions {
  readonly seed: number
  /** From 1. */
  readonly rounds: readonly number[]
  /** Empty. What belongs to a round that failed is left in it. */
  readonly folder: string
  readonly onRound?: (round: Round) => void
}

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
  const began = performance.now()
  const result = (ok: boolean, detail: string) => ({ round, kind, ok, detail, seconds: Number(((performance.now() - began) / 1000).toFixed(1)) })
  try {
    const detail = await kill(ground, kind, name, numbersOfRound(ground.seed, round))
    await rm(data, { recursive: true })
    return result(true, detail)
  } catch (error) {
    return result(false, error instanceof Error ? error.message : String(error))
  } finally {
    for (const world of Object.values(ground.worlds)) await closeWorld(world)
    await rm(layoutOf(data).runtimeFolder, { recursive: true, force: true })
  }
}

function kill(ground: Ground, kind: Round['kind'], name: string, random: () => number): Promise<string> {
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
