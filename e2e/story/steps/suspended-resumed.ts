// SPDX-License-Identifier: Apache-2.0
import { readdir } from 'node:fs/promises'
import { askGuest, passwordOption, startDesktop, stopDesktop } from '../desktop.ts'
import { flipByte, restoreByte } from '../flip-byte.ts'
import { DESKTOP } from '../organisation.ts'
import { expectEqual, need, type World } from '../world.ts'

/** A suspended VM goes on where it stood: a shell variable survives. An altered state is refused by name, the intact one taken. */
export async function suspendedResumed(world: World): Promise<void> {
  const { device } = world
  await need(world.screen, 'screen').typeText('kept=across\n')
  await stopDesktop(world, 'suspend')

  const instance = device.layout.instance(DESKTOP)
  const flipped = await flipByte(instance.suspended(need(world.sealed.get('1'), 'sealed package').sha256))
  const refused = await device.refused('start', DESKTOP, '--wait', ...(await passwordOption(world)))
  expectEqual(refused.code, 'state-altered', 'starting over an altered state')
  await stopDesktop(world, 'power-off')
  await restoreByte(flipped)

  await startDesktop(world)
  expectEqual(await askGuest(world, 'echo "kept-$kept end"', /^kept-(\w+) end/m), 'across', 'what the shell still knows')
  const left = (await readdir(instance.folder)).filter((name) => name.startsWith('suspended'))
  expectEqual(left.length, 0, 'suspended states left once the VM goes on')
}
