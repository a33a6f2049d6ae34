// SPDX-License-Identifier: Apache-2.0
//
// Snapshots of a real guest while it runs: files on both disks and a variable of its shell come back as they were, and nothing that came
// after; without bringing one back all of it is there. Then the machine is switched off, and its disks alone say the same.
import { readdir } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { layoutOf } from '../../apps/client-runtime/layout.ts'
import type { RfbClient } from '../screen/rfb-client.ts'
import { sealVersion } from '../session-host/make-release.ts'
import { makeWorld, removeWorld } from '../session-host/make-world.ts'
import { placesOf } from '../session-host/places.ts'
import type { RunningSession } from '../session-host/running-session.ts'
import { BOOT_LIMIT_MS, PROMPT, startSession, strictPlan, watchScreen } from '../session-host/start-session.ts'
import type { SealedRelease, World } from '../session-host/world.ts'

describe.each(['qemu', 'v86'] as const)('snapshots on %s', (engine) => {
  let world: World
  let release: SealedRelease

  beforeAll(async () => {
    world = await makeWorld(engine)
    release = await sealVersion(world, '1')
  }, BOOT_LIMIT_MS)

  afterAll(async () => {
    await removeWorld(world)
  })

  async function start(): Promise<RunningSession> {
    const session = await startSession(world, 'device', release, {
      plan: {
        ...strictPlan(world, release),
        snapshots: { take: true, revert: true },
        screen: { mode: 'window', watermark: 'none', screenshots: 'allowed' },
      },
    })
    await session.until((view) => view.state === 'running')
    return session
  }

  /** Waits for a line that the guest prints, which does not stand so in what is typed. */
  async function type(screen: RfbClient, command: string, says: string): Promise<void> {
    const half = Math.floor(says.length / 2)
    await screen.typeText(`clear; ${command}; echo ${says.slice(0, half)}""${says.slice(half)}\n`)
    await screen.waitForText(new RegExp(`^${says}`, 'm'), 60_000)
  }

  const write = (screen: RfbClient, word: string) =>
    type(screen, `said=${word}; echo ${word} >> ~/words; echo ${word} >> /var/tmp/words; sync`, `wrote-${word}`)

  /** The variable, and what the two disks hold. */
  async function told(screen: RfbClient): Promise<string> {
    await screen.typeText('clear; echo "to""ld:$said:$(cat ~/words | xargs):$(cat /var/tmp/words | xargs):"\n')
    return /^told:(.*):/m.exec(await screen.waitForText(/^told:[^:]*:[^:]*:[^:]*:/m, 60_000))?.[1] ?? ''
  }

  it('bring back memory and disks of their moment, and leave them alone otherwise', { timeout: 4 * BOOT_LIMIT_MS }, async () => {
    const session = await start()
    const screen = await watchScreen(session)
    await screen.waitForText(PROMPT, BOOT_LIMIT_MS)
    await write(screen, 'first')
    const { current } = await session.snapshots.takeSnapshot('after the first', 1_700_000_000)
    const id = current ?? ''
    await write(screen, 'second')
    expect(await told(screen)).toBe('second:first second:first second')
    const png = await session.snapshots.thumbnail(id)
    expect(png?.subarray(1, 4).toString('latin1')).toBe('PNG')
    screen.close()

    expect((await session.snapshots.revert(id)).state).toBe('running')
    const again = await watchScreen(session)
    expect(await told(again)).toBe('first:first:first')
    await write(again, 'third')
    expect(await told(again)).toBe('third:first third:first third')
    again.close()
    await session.ask('power-off')
    await session.exited

    const next = await start()
    const booted = await watchScreen(next)
    await booted.waitForText(PROMPT, BOOT_LIMIT_MS)
    expect(await told(booted)).toBe(':first third:first third')
    booted.close()
    expect(await next.snapshots.snapshots()).toMatchObject({ snapshots: [{ id, name: 'after the first', fits: true }], current: id })

    // Killed in the middle of a return: the next start finishes it.
    const cut = next.snapshots.revert(id).catch(() => null)
    await next.until((view) => view.state === 'preparing')
    await next.kill()
    await cut
    const last = await start()
    const finished = await watchScreen(last)
    expect(await told(finished)).toBe('first:first:first')
    finished.close()
    await last.snapshots.deleteSnapshot(id)
    const { snapshots } = layoutOf(placesOf(world.folder).data('device')).instance('demo-1')
    expect(await readdir(snapshots)).toEqual(['head.sealed'])
    await last.ask('power-off')
    await last.exited
  })
})
