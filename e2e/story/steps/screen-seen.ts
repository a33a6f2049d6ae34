// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto'
import { need, type World } from '../world.ts'

/** The pixels that a viewer gets hold text that was made up a moment ago, and no longer hold it once it was cleared. */
export async function screenSeen(world: World): Promise<void> {
  const screen = need(world.screen, 'screen')
  const word = randomBytes(6).toString('hex')
  await screen.typeText(`clear; echo "<$(echo ${[...word].reverse().join('')} | rev)>"\n`)
  await screen.waitForText(`<${word}>`, 60_000)
  await screen.typeText('clear\n')
  await screen.waitForText(/^(?![\s\S]*<[0-9a-f]{12}>)/, 60_000)
}
