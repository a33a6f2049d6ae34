// SPDX-License-Identifier: Apache-2.0
//
// A guest that writes on and on under a limit of how far its disks may grow: it is held there, at once and by name, and what it was told is
// durable is there once it may go on. Under a higher limit the same guest is never held.
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { layoutOf } from '../../apps/client-runtime/layout.ts'
import { makeWorld, removeWorld } from '../session-host/make-world.ts'
import { placesOf } from '../session-host/places.ts'
import type { RunningSession } from '../session-host/running-session.ts'
import { startSession, strictPlan } from '../session-host/start-session.ts'
import { closeWorld, type SealedRelease, type World } from '../session-host/world.ts'
import { sealRingGuest } from '../soak/ground.ts'
import { lossesIn, readRing } from '../soak/ring-guest.ts'

const limitMs = 120_000
/** 128 slots take 8 MiB in clusters of QEMU, of which an empty file has 2.3 MiB, and 1 MiB in blocks of v86. */
const slots = { qemu: { apart: 127, written: 1 }, v86: { apart: 16, written: 16 } } as const
const low = { qemu: 6, v86: 1 } as const
const high = 16

describe.each(['qemu', 'v86'] as const)('disks that may grow so far and no farther, on %s', (engine) => {
  let world: World
  let guest: SealedRelease

  beforeAll(async () => {
    world = await makeWorld(engine)
    guest = await sealRingGuest(1, world, slots[engine])
  }, limitMs)

  afterAll(async () => {
    await removeWorld(world)
  })

  const planOf = (diskGrowthMiB: number | null) => {
    const plan = strictPlan(world, guest)
    return { ...plan, limits: { ...plan.limits, diskGrowthMiB } }
  }

  async function takenMiB(device: string): Promise<number> {
    const { disks } = layoutOf(placesOf(world.folder).data(device)).instance('demo-1')
    const all = await Promise.all((await readdir(disks)).map((name) => stat(join(disks, name))))
    return all.reduce((sum, { blocks }) => sum + blocks * 512, 0) / 2 ** 20
  }

  it('holds the guest at the limit, lets it go on once that is raised, and loses nothing of what it wrote', { timeout: 300_000 }, async () => {
    onTestFinished(() => closeWorld(world))
    const plan = planOf(low[engine])
    const first = await startSession(world, 'one', guest, { plan })
    const { state, reason, requests } = await first.until(({ holds }) => holds.length === 1 && holds[0] === 'disk-limit')
    expect([state, reason, requests]).toEqual(['paused', null, ['suspend', 'power-off']])
    expect(await takenMiB('one')).toBeLessThanOrEqual(low[engine])
    expect(await takenMiB('one')).toBeGreaterThan(0.7)
    expect(readRing(await first.serial()).flushed).toBeLessThan(128)
    expect((await first.events()).filter(({ type, data }) => type === 'held' && data.reason === 'disk-limit')).toHaveLength(1)

    await first.ask('suspend')
    await first.exited
    const second = await startSession(world, 'one', guest, { plan: { ...plan, session: `${plan.session}b` } })
    await second.until(({ holds }) => holds.includes('disk-limit'))
    const raised = { ...plan, session: `${plan.session}b`, limits: { ...plan.limits, diskGrowthMiB: high } }
    await second.control.replan(raised)
    await second.until((view) => view.state === 'running')
    const last = await wrote(second, 200)
    expect(await takenMiB('one')).toBeLessThanOrEqual(high)
    await second.kill()

    const third = await startSession(world, 'one', guest, { plan: planOf(high) })
    const { found } = await ring(third, (words) => words.found !== null)
    expect(lossesIn(found ?? [], last)).toEqual([])
    await wrote(third, last + 200)
    expect((await third.events()).some(({ type }) => type === 'held')).toBe(false)
    await third.ask('power-off')
    await third.exited
  })
})

async function ring(session: RunningSession, fits: (words: ReturnType<typeof readRing>) => boolean) {
  await session.untilSerial((serial) => fits(readRing(serial)), 'what was waited for', limitMs)
  return readRing(await session.serial())
}

async function wrote(session: RunningSession, least: number): Promise<number> {
  return (await ring(session, ({ flushed }) => flushed >= least)).flushed
}
