// SPDX-License-Identifier: Apache-2.0
//
// What the story's user does at the desktop: starts it, looks at it, types into it.
import { RfbClient } from '../screen/rfb-client.ts'
import { DESKTOP } from './organisation.ts'
import { need, type World } from './world.ts'

/** Longest wait for a guest to boot on a busy machine; it only ends a run that hangs. */
export const BOOT_LIMIT_MS = 180_000
export const PROMPT = 'user@casemate-demo:~$'
export const PASSWORD = 'a password of the user'

export const passwordOption = async ({ organisation }: World, text = PASSWORD): Promise<readonly string[]> => [
  '--password-file',
  await organisation.secretFile('user-password', text),
]

/** Starts the desktop and opens its screen. */
export async function startDesktop(world: World): Promise<RfbClient> {
  await world.device.run('start', DESKTOP, '--wait', ...(await passwordOption(world)))
  return lookAtDesktop(world)
}

export async function lookAtDesktop(world: World): Promise<RfbClient> {
  world.viewer = await world.device.viewer(DESKTOP)
  world.screen?.close()
  world.screen = await RfbClient.overWebSocket(world.viewer.display.url, { protocols: world.viewer.display.protocols })
  return world.screen
}

export async function stopDesktop(world: World, how: 'suspend' | 'power-off'): Promise<void> {
  await world.device.run('stop', DESKTOP, '--how', how)
  await desktopIsOver(world)
}

export async function desktopIsOver(world: World, limitMs?: number): Promise<void> {
  world.screen?.close()
  await world.device.until('over', ({ instances }) => instances.find(({ instance }) => instance === DESKTOP)?.session?.open === false, limitMs)
}

let asked = 0

/**
 * Types a command and reads its answer. A screen is painted piece by piece: an answer whose length is open ends with a mark that `answer` asks for.
 * What an earlier question left on the screen is no answer: the screen is seen cleared first.
 */
export async function askGuest(world: World, command: string, answer: RegExp, limitMs = 60_000): Promise<string> {
  const screen = need(world.screen, 'screen')
  asked += 1
  // Typed in two parts, so that the line as typed does not hold the mark.
  await screen.typeText(`clear; echo quest""ion-${asked}\n`)
  await screen.waitForText(`question-${asked}`, limitMs)
  await screen.typeText(`${command}\n`)
  const text = await screen.waitForText(answer, limitMs)
  const found = answer.exec(text)
  return found?.[1] ?? found?.[0] ?? ''
}
