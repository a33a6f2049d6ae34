// SPDX-License-Identifier: Apache-2.0
import { askGuest } from '../desktop.ts'
import { expectEqual, need, type World } from '../world.ts'

/** The VM stands still once its session host has not heard the daemon for a minute, and goes on when a new daemon attaches. */
export async function daemonKilled(world: World): Promise<void> {
  const viewer = need(world.viewer, 'viewer')
  expectEqual((await viewer.view()).state, 'running', 'state before')
  await world.device.stop('SIGKILL')
  const held = await viewer.until(({ state }) => state === 'paused', 90_000)
  expectEqual(held.holds.join(), 'daemon', 'what holds the VM')
  await world.device.start()
  await viewer.until(({ state }) => state === 'running')
  await askGuest(world, 'echo goes-$((40 + 2))', /^goes-42/m)
}
