// SPDX-License-Identifier: Apache-2.0
import { access } from 'node:fs/promises'
import { askGuest, BOOT_LIMIT_MS, desktopIsOver, PROMPT, startDesktop, stopDesktop } from '../desktop.ts'
import { DESKTOP } from '../organisation.ts'
import { expectEqual, need, type World } from '../world.ts'

/** After the update that the console published the user's file is still there; what was written to the system disk is gone, and the release is the new one. */
export async function userDiskKept(world: World): Promise<void> {
  const { device, engine } = world
  await askGuest(world, 'echo mine > ~/kept; echo theirs > /var/tmp/gone; sync; cat ~/kept /var/tmp/gone; echo written-$?', /^written-0/m)
  await device.until('told of the update', ({ instances }) => instances[0]?.session?.waiting.includes('package') === true)
  await stopDesktop(world, 'power-off')

  const screen = await startDesktop(world)
  await screen.waitForText('release 2', BOOT_LIMIT_MS)
  await screen.waitForText(PROMPT, BOOT_LIMIT_MS)
  expectEqual((await device.instance(DESKTOP)).session?.serial, need(world.consoleSerial, 'release from the console'), 'release')
  const found = await askGuest(world, 'echo "user=$(cat ~/kept) system=$(cat /var/tmp/gone 2>/dev/null || echo fresh) end"', /^(user=.*) end/m)
  expectEqual(found, 'user=mine system=fresh', 'files after the update')

  // The overlay of release 1 stays until release 2 has booted: a session this short, suspended, proves nothing; a guest that switches itself off does.
  const old = device.layout.instance(DESKTOP).systemDisk('system', need(world.sealed.get('1'), 'sealed package').sha256, engine)
  await access(old)
  await stopDesktop(world, 'suspend')
  await access(old)
  await (await startDesktop(world)).typeText('poweroff\n')
  await desktopIsOver(world)
  await access(old).then(
    () => Promise.reject(new Error('the old system overlay is still there')),
    () => undefined,
  )
  await (await startDesktop(world)).waitForText(PROMPT, BOOT_LIMIT_MS)
}
