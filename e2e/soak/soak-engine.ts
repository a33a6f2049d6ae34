// SPDX-License-Identifier: Apache-2.0
//
// Rounds of kill -9 at drawn moments of one process of a session, on both engines in turn. After each, no write that was acknowledged may
// be lost, and whoever lived on must have said a state with a name.
import { mkdir, rm } from 'node:fs/promises'
import type { SessionStart } from '../../apps/client-runtime/daemon/sessions/start-session-host.ts'
import { layoutOf } from '../../apps/client-runtime/layout.ts'
import { deliver } from '../session-host/make-release.ts'
import { makeWorld } from '../session-host/make-world.ts'
import { placesOf } from '../session-host/places.ts'
import { strictPlan } from '../session-host/start-session.ts'
import type { SealedRelease, World } from '../session-host/world.ts'
import { engineRound, victims } from './engine-round.ts'
import { sealRingGuest } from './ground.ts'
import { numbersOfRound } from './seeded.ts'
import { playRound, type Round, type SoakOptions } from './soak.ts'

const engines = ['qemu', 'v86'] as const

/** Goes on after a round that failed. @throws Error when the ground could not be prepared */
export async function soakEngine({ seed, rounds, folder, onRound }: SoakOptions): Promise<readonly Round[]> {
  const world = await makeWorld('qemu', folder)
  const guest = await sealRingGuest(seed, world)
  const done: Round[] = []
  for (const round of rounds) {
    const result = await play({ ...world, engine: engines[round % engines.length] ?? 'qemu' }, guest, seed, round)
    done.push(result)
    onRound?.(result)
  }
  return done
}

async function play(world: World, guest: SealedRelease, seed: number, round: number): Promise<Round> {
  const victim = victims[Math.floor((round - 1) / engines.length) % victims.length] ?? 'starter'
  const device = `round-${round}`
  const data = placesOf(world.folder).data(device)
  await mkdir(data)
  await deliver(world, device, guest)
  const newStart = (): SessionStart => ({
    data,
    origin: placesOf(world.folder).store,
    plan: { ...strictPlan(world, guest), network: { mode: 'listed', allow: [] } },
    packageKey: guest.packageKey,
    names: { device: 'soak', user: null },
    instanceKey: world.instanceKey,
    port: 0,
  })
  const result = await playRound(round, `${victim} on ${world.engine}`, () => engineRound(newStart, victim, numbersOfRound(seed, round)))
  if (result.ok) await rm(data, { recursive: true })
  await rm(layoutOf(data).runtimeFolder, { recursive: true, force: true })
  return result
}
