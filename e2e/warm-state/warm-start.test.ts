// SPDX-License-Identifier: Apache-2.0
//
// From a boot that is recorded to desktops that go on from it: memory and disks as they were left then, but every desktop with random
// numbers of its own; and whoever may not go on from it boots, or is refused by name.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { recordBoot } from '../../apps/console/src/packages/record-boot.ts'
import { manifestSha256, parseManifest } from '../../packages/vm-package/src/manifest.ts'
import { openFolderStore } from '../../packages/vm-package/src/store/folder-store.ts'
import { openWarmState } from '../../packages/vm-package/src/warm-state/read.ts'
import { RfbClient } from '../screen/rfb-client.ts'
import { sealVersion } from '../session-host/make-release.ts'
import { makeWorld, removeWorld } from '../session-host/make-world.ts'
import { placesOf } from '../session-host/places.ts'
import type { RunningSession } from '../session-host/running-session.ts'
import { BOOT_LIMIT_MS, PROMPT, startSession, strictPlan, watchScreen } from '../session-host/start-session.ts'
import type { SealedRelease, World } from '../session-host/world.ts'
import { flipByte, restoreByte } from '../story/flip-byte.ts'
import { Viewer } from '../story/viewer.ts'

describe('a warm start on v86', () => {
  let world: World
  let release: SealedRelease
  /** A piece of the warm state in the store. */
  let piece: string

  beforeAll(async () => {
    world = await makeWorld('v86')
    const places = placesOf(world.folder)
    const cold = await sealVersion(world, '1')
    const file = join(places.sealed('1'), 'manifest.json')
    const manifestBytes = await readFile(file)
    const packageKey = Buffer.from(cold.packageKey, 'base64url')
    const { manifest } = await recordBoot({
      manifest: parseManifest(manifestBytes),
      manifestBytes,
      sha256: cold.sha256,
      packageKey,
      store: places.store,
      engine: 'v86',
      warmState: true,
      until: leaveTraces,
      signal: new AbortController().signal,
    })
    await writeFile(file, manifest)
    release = { ...cold, sha256: manifestSha256(manifest) }
    const { disks, warmState } = parseManifest(manifest)
    if (warmState === null) throw new Error('the package has no warm state')
    const { pieces } = await openWarmState(await openFolderStore(places.store), { disks, warmState }, packageKey)
    const { name = '' } = pieces[0] ?? {}
    piece = join(places.store, name.slice(0, 2), name)
  }, 2 * BOOT_LIMIT_MS)

  afterAll(async () => {
    await removeWorld(world)
  })

  /** Something in memory, something on each disk, and on the screen. */
  async function leaveTraces({ origin, token }: { readonly origin: string; readonly token: string }): Promise<'quiet'> {
    const viewer = new Viewer(`${origin}/#token=${token}`)
    await viewer.until((view) => view.state === 'running')
    const screen = await RfbClient.overWebSocket(viewer.display.url, { protocols: viewer.display.protocols })
    await screen.waitForText(PROMPT, BOOT_LIMIT_MS)
    await screen.typeText('tell() { echo "$left $(cat ~/left /var/tmp/left | xargs) $(cat /proc/sys/kernel/random/uuid)"; }\n')
    await screen.typeText('left=in-memory; echo on-user > ~/left; echo on-system > /var/tmp/left; sync; clear; echo re""corded\n')
    await screen.waitForText(/^recorded/, 60_000)
    screen.close()
    return 'quiet'
  }

  const startOn = async (device: string, plan = strictPlan(world, release)) => await startSession(world, device, release, { plan })
  const typesOf = async (session: RunningSession) => (await session.events()).map(({ type }) => type)

  async function end(session: RunningSession): Promise<void> {
    await session.ask('power-off')
    await session.exited
  }

  /** What the guest says of itself, once the recorded screen is there. */
  async function goneOn(device: string): Promise<{ readonly session: RunningSession; readonly uuid: string }> {
    const session = await startOn(device)
    await session.until((view) => view.state === 'running')
    const screen = await watchScreen(session)
    await screen.waitForText(/^recorded/, BOOT_LIMIT_MS)
    expect(await typesOf(session)).toContain('warm-start')
    await screen.typeText('tell\n')
    const [, uuid = ''] = /^in-memory on-user on-system ([0-9a-f-]{36})/m.exec(await screen.waitForText(/^in-memory .*-\w{12}/m, 60_000)) ?? []
    screen.close()
    return { session, uuid }
  }

  it('goes on where the recorded boot was, each instance with random numbers of its own', { timeout: BOOT_LIMIT_MS }, async () => {
    const [one, other] = [await goneOn('one'), await goneOn('other')]
    expect([one.uuid, other.uuid]).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/), expect.stringMatching(/^[0-9a-f-]{36}$/)])
    expect(one.uuid).not.toBe(other.uuid)
    await end(one.session)
    await end(other.session)
  })

  it('is for the first start alone: the next one boots', { timeout: BOOT_LIMIT_MS }, async () => {
    const session = await startOn('one')
    await session.until((view) => view.state === 'running')
    expect((await typesOf(session)).filter((type) => type.startsWith('warm'))).toEqual([])
    await end(session)
  })

  it('is left out on another machine, which boots and is told why', { timeout: BOOT_LIMIT_MS }, async () => {
    const session = await startOn('larger', { ...strictPlan(world, release), memoryMiB: 160 })
    await session.until((view) => view.state === 'running')
    const [event] = (await session.events()).filter(({ type }) => type.startsWith('warm'))
    expect([event?.type, event?.data.detail]).toEqual(['warm-start-left-out', expect.stringMatching(/128 MiB.*160 MiB/)])
    await end(session)
  })

  it('is refused while a piece is altered and no intact copy can be had, leaves no disk then, and goes on once it can', {
    timeout: BOOT_LIMIT_MS,
  }, async () => {
    const flipped = await flipByte(piece)
    const refused = await startOn('third')
    const { reason } = await refused.until((view) => view.state === 'blocked')
    expect(reason?.code).toBe('warm-state-altered')
    await end(refused)
    await restoreByte(flipped)
    const session = await startOn('third')
    await session.until((view) => view.state === 'running')
    expect(await typesOf(session)).toContain('warm-start')
    await end(session)
  })
})
