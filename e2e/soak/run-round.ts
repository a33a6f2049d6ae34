// SPDX-License-Identifier: Apache-2.0
//
// A VM that writes without end is killed, its session host with it or the VM alone: each write that the guest was told is durable is
// there when it is started again, by what the guest itself reads.
import { setTimeout } from 'node:timers/promises'
import { descendants, killHard } from '../session-host/descendants.ts'
import type { RunningSession } from '../session-host/running-session.ts'
import { startSession } from '../session-host/start-session.ts'
import type { World } from '../session-host/world.ts'
import type { Ground } from './ground.ts'
import { lossesIn, type RingWords, readRing } from './ring-guest.ts'

const bootLimitMs = 60_000
/** From when the first write was durable. */
const longestMs = 1500

/** @param device fresh @returns what happened, in words @throws Error when a write was lost */
export async function runRound(ground: Ground, device: string, engine: World['engine'], random: () => number): Promise<string> {
  const world = ground.worlds[engine]
  const victim = random() < 0.5 ? ('session host' as const) : ('VM' as const)
  const ms = Math.round(longestMs * random())

  const first = await startSession(world, device, ground.guest)
  let { flushed } = await heard(first, (words) => words.flushed > 0)
  const end = performance.now() + ms
  while (performance.now() < end) {
    flushed = readRing(await first.serial()).flushed
    await setTimeout(5)
  }
  if (victim === 'session host') await first.kill()
  else {
    for (const pid of await descendants(first.pid)) killHard(pid)
    await first.until(({ state }) => state === 'blocked')
    // The session host lives and has heard all that the guest said.
    flushed = readRing(await first.serial()).flushed
    await powerOff(first)
  }

  const again = await startSession(world, device, ground.guest)
  const { found } = await heard(again, ({ found: slots, flushed: last }) => slots !== null && last > flushed)
  await powerOff(again)
  const losses = lossesIn(found ?? [], flushed)
  if (found === null || losses.length > 0) throw new Error(losses.join('; '))
  return `${victim} killed ${ms} ms after the first of ${flushed} durable writes, ${Math.max(...found)} found`
}

async function heard(session: RunningSession, fits: (words: RingWords) => boolean): Promise<RingWords> {
  const deadline = Date.now() + bootLimitMs
  for (;;) {
    const words = readRing(await session.serial())
    if (fits(words)) return words
    if (Date.now() > deadline)
      throw new Error(`the guest says no more than ${JSON.stringify(words)}; the session: ${JSON.stringify(await session.view())}`)
    await setTimeout(10)
  }
}

async function powerOff(session: RunningSession): Promise<void> {
  await session.ask('power-off')
  await session.exited
}
