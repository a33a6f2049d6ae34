// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto'
import { expectEqual, need, type World } from '../world.ts'

/** Pastes a fresh word behind `echo` and tells whether the guest's screen comes to show it. */
async function paste(world: World): Promise<string> {
  const word = randomBytes(6).toString('hex')
  const screen = need(world.screen, 'screen')
  await screen.typeText('clear; echo pasted: ')
  screen.sendCutText(word)
  await need(world.session, 'session').untilEvent((event) => event.type === 'clipboard', 'of the paste')
  await screen.typeText(' end\n')
  const text = await screen.waitForText(/^pasted: .*end/m, 60_000)
  return text.includes(word) ? 'shown' : 'not shown'
}

async function outcomes(world: World): Promise<readonly unknown[]> {
  return (await need(world.session, 'session').events()).filter((event) => event.type === 'clipboard').map((event) => event.data.outcome)
}

/** A paste under a plan that forbids it never reaches the guest's screen, and is on record. */
export async function clipboardBlocked(world: World): Promise<void> {
  expectEqual(await paste(world), 'not shown', 'paste under a plan that forbids it')
  expectEqual((await outcomes(world)).join(), 'refused', 'outcomes on record')
}

/** The same paste once the plan allows it is typed into the guest, which has no clipboard of its own. */
export async function clipboardAllowed(world: World): Promise<void> {
  const plan = need(world.plan, 'plan')
  world.plan = { ...plan, clipboard: { ...plan.clipboard, toGuest: { allowed: true, maxBytes: 64 } } }
  await need(world.session, 'session').replan(world.plan)
  expectEqual(await paste(world), 'shown', 'paste under a plan that allows it')
  expectEqual((await outcomes(world)).join(), 'refused,typed', 'outcomes on record')
}
