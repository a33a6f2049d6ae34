// SPDX-License-Identifier: Apache-2.0
//
// Faults from outside on real sessions: killed processes, a second session, an altered description. Each ends in a clear reason,
// and what the user had written is still there.
import { readdir } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { layoutOf } from '../../apps/client-runtime/layout.ts'
import { descendants, isAlive, killHard } from '../session-host/descendants.ts'
import { sealVersion } from '../session-host/make-release.ts'
import { makeWorld, removeWorld } from '../session-host/make-world.ts'
import { placesOf } from '../session-host/places.ts'
import { BOOT_LIMIT_MS, PROMPT, startSession, watchScreen } from '../session-host/start-session.ts'
import type { SealedRelease, World } from '../session-host/world.ts'
import { flipByte, restoreByte } from '../story/flip-byte.ts'

describe.each(['qemu', 'v86'] as const)('a session on %s', (engine) => {
  let world: World
  let release: SealedRelease

  beforeAll(async () => {
    world = await makeWorld(engine)
    release = await sealVersion(world, '1')
  }, BOOT_LIMIT_MS)

  afterAll(async () => {
    await removeWorld(world)
  })

  it('takes its VM with it when it is killed; the next one finds what the guest had synced', { timeout: 3 * BOOT_LIMIT_MS }, async () => {
    const first = await startSession(world, 'device', release)
    await first.until((view) => view.state === 'running')
    const screen = await watchScreen(first)
    await screen.waitForText(PROMPT, BOOT_LIMIT_MS)
    await screen.typeText('clear; echo still-here > ~/note; sync; echo synced-$?\n')
    await screen.waitForText(/^synced-0/m, 60_000)

    const second = await startSession(world, 'device', release)
    const busy = await second.until((view) => view.state === 'blocked')
    expect(busy.reason?.code).toBe('instance-busy')
    await second.ask('power-off')
    await second.exited
    expect((await first.view()).state).toBe('running')

    const processes = await descendants(first.pid)
    expect(processes.length).toBeGreaterThan(0)
    await first.kill()
    await expect.poll(async () => (await Promise.all(processes.map(isAlive))).some(Boolean), { timeout: 10_000 }).toBe(false)

    const third = await startSession(world, 'device', release)
    await third.until((view) => view.state === 'running')
    const again = await watchScreen(third)
    await again.waitForText(PROMPT, BOOT_LIMIT_MS)
    await again.typeText('clear; cat ~/note\n')
    await again.waitForText(/^still-here/m, 60_000)

    // The VM process itself dies: the session says so, and shows nothing any more.
    for (const pid of await descendants(third.pid)) killHard(pid)
    const dead = await third.until((view) => view.state === 'blocked')
    expect(dead.reason?.code).toBe('vm-exited')
    await third.ask('power-off')
    await third.exited
  })

  // What verifies it knows no engine: once is enough.
  if (engine !== 'qemu') return
  it('refuses a description that is not the approved one, and takes the approved one', { timeout: BOOT_LIMIT_MS }, async () => {
    const manifest = layoutOf(placesOf(world.folder).data('device')).manifest(release.sha256)
    const flipped = await flipByte(manifest)
    const refused = await startSession(world, 'device', release, { deliver: false })
    expect((await refused.until((view) => view.state === 'blocked')).reason?.code).toBe('manifest-altered')
    await refused.ask('power-off')
    await refused.exited
    await restoreByte(flipped)
    const taken = await startSession(world, 'device', release, { deliver: false })
    await taken.until((view) => view.state === 'running')
    await taken.ask('power-off')
    await taken.exited
    expect((await readdir(layoutOf(placesOf(world.folder).data('device')).instance('demo-1').folder)).sort()).toEqual(['disks'])
  })
})
