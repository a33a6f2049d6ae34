// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes } from 'node:crypto'
import { expectEqual, need, type World } from '../world.ts'

/** The guest answers with a hash over the nonce on its sealed disk and a challenge that it is only now told. */
export async function guestProof(world: World): Promise<void> {
  const screen = need(world.screen, 'screen')
  const challenge = randomBytes(8).toString('hex')
  await screen.typeText('clear\n')
  await screen.typeText('proof\n')
  await screen.waitForText('challenge:', 60_000)
  await screen.typeText(`${challenge}\n`)
  const text = await screen.waitForText(/proof [0-9a-f]{64}/, 60_000)
  const expected = createHash('sha256')
    .update(`${need(world.release1, 'release').nonce}|${challenge}`)
    .digest('hex')
  expectEqual(/proof ([0-9a-f]{64})/.exec(text)?.[1], expected, 'proof on the screen')
  await need(world.session, 'session').untilSerial((serial) => serial.includes(expected), 'the proof')
}
