// SPDX-License-Identifier: Apache-2.0
import { BOOT_LIMIT_MS, PROMPT, startSession, watchScreen } from '../start-session.ts'
import { expectEqual, need, type World } from '../world.ts'

/** The sealed VM boots to its prompt behind the session host. */
export async function booted(world: World): Promise<void> {
  const release = need(world.release1, 'sealed release')
  const session = await startSession(world, 'device', release)
  world.session = session
  await session.until((view) => view.state === 'running')
  world.screen = await watchScreen(session)
  await world.screen.waitForText(PROMPT, BOOT_LIMIT_MS)
  const view = await session.view()
  expectEqual(view.state, 'running', 'state')
  expectEqual(view.package.sha256, release.sha256, 'package')
}
