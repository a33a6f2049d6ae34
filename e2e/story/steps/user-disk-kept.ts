// SPDX-License-Identifier: Apache-2.0
import { access, cp } from 'node:fs/promises'
import { join } from 'node:path'
import { askGuest, BOOT_LIMIT_MS, PROMPT, startDesktop, stopDesktop } from '../desktop.ts'
import { DESKTOP } from '../organisation.ts'
import { rules } from '../rules.ts'
import { SERVERS } from '../story-network.ts'
import { expectEqual, need, type World } from '../world.ts'
import { buildDisk, publishPackage, sealDisk } from './sealed.ts'

/** What the device held while the first release was in force. */
export const oldStateOf = ({ folder }: World) => ({ lease: join(folder, 'old-lease'), update: join(folder, 'old-update') })

/** After an update the user's file is still there; what was written to the system disk is gone, and the release is the new one. */
export async function userDiskKept(world: World): Promise<void> {
  const { device, organisation, engine } = world
  await askGuest(world, 'echo mine > ~/kept; echo theirs > /var/tmp/gone; sync; cat ~/kept /var/tmp/gone; echo written-$?', /^written-0/m)
  await cp(device.layout.lease, oldStateOf(world).lease)
  await cp(join(device.layout.update.metadata, '..'), oldStateOf(world).update, { recursive: true })

  await sealDisk(world, '2', await buildDisk(world, '2'))
  await publishPackage(world, '2')
  const serial = await organisation.publishRelease('2', await organisation.publishPolicy(rules({ server: SERVERS.first })))
  await device.until('told of the update', ({ instances }) => instances[0]?.session?.waiting.includes('package') === true)
  await stopDesktop(world, 'power-off')

  const screen = await startDesktop(world)
  await screen.waitForText('release 2', BOOT_LIMIT_MS)
  await screen.waitForText(PROMPT, BOOT_LIMIT_MS)
  expectEqual((await device.instance(DESKTOP)).session?.serial, serial, 'release')
  const found = await askGuest(world, 'echo "user=$(cat ~/kept) system=$(cat /var/tmp/gone 2>/dev/null || echo fresh)"', /^user=.*/m)
  expectEqual(found, 'user=mine system=fresh', 'files after the update')

  // The overlay of release 1 stays until release 2 has come up and ended in good order.
  const old = device.layout.instance(DESKTOP).systemDisk('system', need(world.sealed.get('1'), 'sealed package').sha256, engine)
  await access(old)
  await stopDesktop(world, 'suspend')
  await access(old).then(
    () => Promise.reject(new Error('the old system overlay is still there')),
    () => undefined,
  )
  await startDesktop(world)
}
