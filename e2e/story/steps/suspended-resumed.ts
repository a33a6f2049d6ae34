// SPDX-License-Identifier: Apache-2.0
import { readdir } from 'node:fs/promises'
import { layoutOf } from '../../../apps/client-runtime/layout.ts'
import { flipByte, restoreByte } from '../flip-byte.ts'
import { placesOf } from '../places.ts'
import { startSession, watchScreen } from '../start-session.ts'
import { expectEqual, need, type World } from '../world.ts'

/** A suspended VM goes on where it stood: a shell variable survives. An altered state is refused by name, the intact one taken. */
export async function suspendedResumed(world: World): Promise<void> {
  const release = need(world.release1, 'release')
  const screen = need(world.screen, 'screen')
  await screen.typeText('kept=across\n')
  const first = need(world.session, 'session')
  await first.ask('suspend')
  await first.exited
  screen.close()

  const file = layoutOf(placesOf(world.folder).data('device')).instance('demo-1').suspended(release.sha256)
  const flipped = await flipByte(file)
  const refused = await startSession(world, 'device', release)
  const view = await refused.until((seen) => seen.state === 'blocked')
  expectEqual(view.reason?.code, 'state-altered', 'reason over an altered state')
  await refused.ask('power-off')
  await refused.exited
  await restoreByte(flipped)

  world.session = await startSession(world, 'device', release)
  await world.session.until((seen) => seen.state === 'running')
  world.screen = await watchScreen(world.session)
  await world.screen.typeText('clear; echo "kept-$kept"\n')
  await world.screen.waitForText('kept-across', 60_000)
  const left = (await readdir(layoutOf(placesOf(world.folder).data('device')).instance('demo-1').folder)).filter((name) =>
    name.startsWith('suspended'),
  )
  expectEqual(left.length, 0, 'suspended states left once the VM goes on')
}
