// SPDX-License-Identifier: Apache-2.0
import { desktopIsOver, passwordOption, startDesktop } from '../desktop.ts'
import { CONTACT, DESKTOP } from '../organisation.ts'
import { expectEqual, need, type World } from '../world.ts'

/** Revoked while its VM runs: suspended, with the reason and whom to ask, and it starts no more. Reinstated it does; the other was never touched. */
export async function revoked(world: World): Promise<void> {
  const { device, other, organisation } = world
  const name = need(world.deviceName, 'device')
  expectEqual((await need(world.viewer, 'viewer').view()).state, 'running', 'state before')
  await organisation.run('device', 'revoke', name, '--why', 'reported lost')
  await desktopIsOver(world)
  const { session } = await device.instance(DESKTOP)
  expectEqual(session?.state, 'suspended', 'state')
  const told = session?.reasons[0]
  const refused = (await device.refused('start', DESKTOP, ...(await passwordOption(world)))).reasons[0]
  for (const reason of [told, refused]) {
    expectEqual(reason?.code, 'lease-suspended', 'reason')
    expectEqual(reason?.sentence, 'Your organisation has suspended this computer: reported lost.', 'why')
    expectEqual(reason?.nextStep, `Ask ${CONTACT}.`, 'whom to ask')
  }
  expectEqual((await other.status()).lease?.action, 'run', 'the lease of the other computer')
  await organisation.run('device', 'reinstate', name)
  await device.until('allowed again', ({ lease }) => lease?.action === 'run')
  await startDesktop(world)
}
