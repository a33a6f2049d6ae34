// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes } from 'node:crypto'
import { askGuest, BOOT_LIMIT_MS, PROMPT, startDesktop } from '../desktop.ts'
import { expectEqual, need, type World } from '../world.ts'

/** The approved VM boots to its prompt, once its user has said the password. */
export async function booted(world: World): Promise<void> {
  const screen = await startDesktop(world)
  await screen.waitForText(PROMPT, BOOT_LIMIT_MS)
  const view = await need(world.viewer, 'viewer').view()
  expectEqual(view.state, 'running', 'state')
  expectEqual(view.engine, world.engine, 'engine')
  expectEqual(view.package.sha256, need(world.sealed.get('1'), 'sealed package').sha256, 'package')
}

/** The guest answers with a hash over the nonce on its sealed disk and a challenge that it is only now told. */
export async function guestProof(world: World): Promise<void> {
  const screen = need(world.screen, 'screen')
  const challenge = randomBytes(8).toString('hex')
  await screen.typeText('clear\n')
  await screen.typeText('proof\n')
  await screen.waitForText('challenge:', 60_000)
  await screen.typeText(`${challenge}\n`)
  const text = await screen.waitForText(/proof [0-9a-f]{64}/, 60_000)
  const { nonce } = need(world.sealed.get('1'), 'sealed package')
  const expected = createHash('sha256').update(`${nonce}|${challenge}`).digest('hex')
  expectEqual(/proof ([0-9a-f]{64})/.exec(text)?.[1], expected, 'proof on the screen')
  await need(world.viewer, 'viewer').untilSerial((serial) => serial.includes(expected), 'the proof')
}

/** The pixels that a viewer gets hold text that was made up a moment ago, and no longer hold it once it was cleared. */
export async function screenSeen(world: World): Promise<void> {
  const screen = need(world.screen, 'screen')
  const word = randomBytes(6).toString('hex')
  await askGuest(world, `echo "<$(echo ${[...word].reverse().join('')} | rev)>"`, new RegExp(`<${word}>`))
  await screen.typeText('clear\n')
  await screen.waitForText(/^(?![\s\S]*<[0-9a-f]{12}>)/, 60_000)
}
