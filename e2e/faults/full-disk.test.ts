// SPDX-License-Identifier: Apache-2.0
//
// The device's own disk fills up under a session. Where only the chunk cache has no room the VM goes on; where what the guest writes has
// none it stands still until there is room, and then nothing that it was told is durable is lost.
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { layoutOf } from '../../apps/client-runtime/layout.ts'
import { smallDisk } from '../../apps/console/test/small-disk.ts'
import { makeWorld, removeWorld } from '../session-host/make-world.ts'
import { placesOf } from '../session-host/places.ts'
import type { RunningSession } from '../session-host/running-session.ts'
import { startSession } from '../session-host/start-session.ts'
import { closeWorld, type SealedRelease, type World } from '../session-host/world.ts'
import { sealRingGuest } from '../soak/ground.ts'
import { lossesIn, readRing } from '../soak/ring-guest.ts'

const limitMs = 60_000
/** What the overlay of the ring guest grows by while it writes all its slots is more than this. */
const tooLittle = 160 * 1024

describe.each(['qemu', 'v86'] as const)('a full disk under a session on %s', (engine) => {
  let world: World
  let guest: SealedRelease
  /** Bytes that the overlay has on its disk once all slots were written. */
  let taken: number

  beforeAll(async () => {
    world = await makeWorld(engine)
    guest = await sealRingGuest(1, world)
  }, limitMs)

  afterAll(async () => {
    await removeWorld(world)
  })

  async function overlayOf(device: string): Promise<string> {
    const { disks } = layoutOf(placesOf(world.folder).data(device)).instance('demo-1')
    const [name = ''] = await readdir(disks)
    return join(disks, name)
  }

  it('holds the VM where what the guest writes has no room, and loses nothing once there is some', { timeout: 180_000 }, async () => {
    const disk = await smallDisk(placesOf(world.folder).data('one'), 96)
    onTestFinished(() => closeWorld(world))
    const first = await startSession(world, 'one', guest)
    await wrote(first, 200)
    await first.until(({ content }) => content !== null && content.total !== null && content.held === content.total)
    await powerOff(first)
    taken = (await stat(await overlayOf('one'))).blocks * 512
    await rm(await overlayOf('one'))

    await disk.fill(taken - tooLittle)
    const held = await startSession(world, 'one', guest)
    const { reason } = await held.until(({ state, holds }) => state === 'paused' && holds.includes('disk'))
    expect(reason).toBeNull()
    const { flushed } = readRing(await held.serial())
    await disk.empty()
    await held.ask('resume')
    const last = await wrote(held, flushed + 200)
    await held.kill()

    const again = await startSession(world, 'one', guest)
    const { found } = await ring(again, (words) => words.found !== null)
    expect(lossesIn(found ?? [], last)).toEqual([])
    await powerOff(again)
  })

  it('does not keep the VM from running where the package has no room: the cache leaves what is left to what the guest writes', async () => {
    const disk = await smallDisk(placesOf(world.folder).data('two'), 96)
    onTestFinished(() => closeWorld(world))
    // Of this disk the cache leaves 4.8 MiB to others.
    await disk.fill(6 * 2 ** 20)
    const session = await startSession(world, 'two', guest)
    await wrote(session, 200)
    const { content } = await session.until((view) => view.content !== null && view.content.total !== null)
    expect(content?.held).toBeGreaterThan(0)
    expect(content?.held).toBeLessThan(content?.total ?? 0)
    await powerOff(session)
  })
})

async function ring(session: RunningSession, fits: (words: ReturnType<typeof readRing>) => boolean) {
  await session.untilSerial((serial) => fits(readRing(serial)), 'what was waited for', limitMs)
  return readRing(await session.serial())
}

async function wrote(session: RunningSession, least: number): Promise<number> {
  return (await ring(session, ({ flushed }) => flushed >= least)).flushed
}

async function powerOff(session: RunningSession): Promise<void> {
  await session.ask('power-off')
  await session.exited
}
