// SPDX-License-Identifier: Apache-2.0
//
// From a folder of files with placeholders to what a guest reads off its CD: sealed by the administrator's command line, filled by the
// session host, served to a real VM.
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { hostname, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { layoutOf } from '../../apps/client-runtime/layout.ts'
import { sealVersion } from '../session-host/make-release.ts'
import { makeWorld, removeWorld } from '../session-host/make-world.ts'
import { placesOf } from '../session-host/places.ts'
import { BOOT_LIMIT_MS, PROMPT, startSession, watchScreen } from '../session-host/start-session.ts'
import type { SealedRelease, World } from '../session-host/world.ts'

const secret = randomBytes(9).toString('base64url')

describe('the customization medium on qemu', () => {
  let world: World
  let release: SealedRelease

  beforeAll(async () => {
    world = await makeWorld('qemu')
    const seed = join(world.folder, 'seed')
    await mkdir(seed)
    await writeFile(join(seed, 'meta-data'), 'instance-id: %random_alpha(12)%\n')
    await writeFile(join(seed, 'user-data'), 'who=%logon_user% host=%host_name% pin=%random_digit(6)% join=%secret(join)%\n')
    release = await sealVersion(world, '1', ['--customization', seed])
  }, BOOT_LIMIT_MS)

  afterAll(async () => {
    await removeWorld(world)
  })

  it('is refused without a secret that it asks for; with it the guest reads its files, and cannot write to them', {
    timeout: 2 * BOOT_LIMIT_MS,
  }, async () => {
    const refused = await startSession(world, 'device', release)
    expect((await refused.until((view) => view.state === 'blocked')).reason?.code).toBe('customization-secret-missing')
    await refused.ask('power-off')
    await refused.exited

    const session = await startSession(world, 'device', release, { customization: { join: secret } })
    await session.until((view) => view.state === 'running')
    const screen = await watchScreen(session)
    await screen.waitForText(PROMPT, BOOT_LIMIT_MS)
    await screen.typeText('clear; until grep = /media/user-data; do sleep 1; done; ls /media; touch /media/x || echo kept-$?\n')
    const shown = await screen.waitForText(/^kept-1/m, 60_000)
    const { username } = userInfo()
    expect(shown).toMatch(new RegExp(`^who=${username} host=${hostname().split('.')[0]} pin=[0-9]{6} join=${secret}$`, 'm'))
    expect(shown).toMatch(/^meta-data\s+user-data/m)
    await session.ask('power-off')
    await session.exited

    const { customization } = layoutOf(placesOf(world.folder).data('device')).instance('demo-1')
    expect((await readFile(customization)).includes(secret)).toBe(false)
  })
})
