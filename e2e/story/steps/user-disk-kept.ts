// SPDX-License-Identifier: Apache-2.0
import { access } from 'node:fs/promises'
import { layoutOf } from '../../../apps/client-runtime/layout.ts'
import { prepareDisk, sealVersion } from '../make-release.ts'
import { placesOf } from '../places.ts'
import { BOOT_LIMIT_MS, PROMPT, startSession, watchScreen } from '../start-session.ts'
import { need, type World } from '../world.ts'

/** After an update the user's file is still there; what was written to the system disk is gone, and the release is the new one. */
export async function userDiskKept(world: World): Promise<void> {
  const before = need(world.screen, 'screen')
  await before.typeText('clear; echo mine > ~/kept; echo theirs > /var/tmp/gone; sync; cat ~/kept /var/tmp/gone; echo written-$?\n')
  await before.waitForText('written-0', 60_000)
  const first = need(world.session, 'session')
  await first.ask('power-off')
  await first.exited
  before.close()

  world.release2 = await sealVersion(world, '2', await prepareDisk(world, '2'))
  const session = await startSession(world, 'device', world.release2)
  world.session = session
  await session.until((view) => view.state === 'running')
  world.screen = await watchScreen(session)
  await world.screen.waitForText('release 2', BOOT_LIMIT_MS)
  await world.screen.waitForText(PROMPT, BOOT_LIMIT_MS)
  await world.screen.typeText('clear; echo "user=$(cat ~/kept) system=$(cat /var/tmp/gone 2>/dev/null || echo fresh)"\n')
  await world.screen.waitForText('user=mine system=fresh', 60_000)
  // The overlay of release 1 stays until release 2 has come up and ended in good order.
  const instance = layoutOf(placesOf(world.folder).data('device')).instance('demo-1')
  const old = instance.systemDisk('system', need(world.release1, 'release').sha256, world.engine)
  await access(old)
  await session.ask('suspend')
  await session.exited
  await access(old).then(
    () => Promise.reject(new Error('the old system overlay is still there')),
    () => undefined,
  )
}
