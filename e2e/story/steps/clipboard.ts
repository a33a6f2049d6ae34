// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto'
import { need, type World, waitUntil } from '../world.ts'
import { reportOf } from './reported.ts'

/** Pastes a fresh word behind `echo`. */
async function paste(world: World): Promise<string> {
  const word = randomBytes(6).toString('hex')
  const screen = need(world.screen, 'screen')
  await screen.typeText('clear; echo pasted: ')
  screen.sendCutText(word)
  return word
}

async function pasteRefusals(world: World): Promise<number> {
  return (await reportOf(world)).entries.filter(({ type, data }) => type === 'clipboard-refused' && data.direction === 'to-guest').length
}

/** A paste under a policy that forbids it never reaches the guest's screen, and the console hears of it. */
export async function clipboardBlocked(world: World): Promise<void> {
  const before = await pasteRefusals(world)
  const word = await paste(world)
  await waitUntil('the journal tells of the refused paste', async () => (await pasteRefusals(world)) === before + 1)
  const screen = need(world.screen, 'screen')
  await screen.typeText(' end\n')
  const text = await screen.waitForText(/^pasted: .*end/m, 60_000)
  if (text.includes(word)) throw new Error('the guest shows a paste that its policy forbids')
}

/** The same paste once the policy allows it is typed into the guest, which has no clipboard of its own. */
export async function clipboardAllowed(world: World): Promise<void> {
  const word = await paste(world)
  const screen = need(world.screen, 'screen')
  await screen.waitForText(word, 60_000)
  // A viewer's keys are dropped while a paste is typed, and its last key may still be on the way: Enter until it is heard.
  await waitUntil('the guest has heard Enter', async () => {
    await screen.typeText('\n')
    return screen.waitForText(new RegExp(`^pasted: ${word}$`, 'm'), 2000).then(
      () => true,
      () => false,
    )
  })
}
