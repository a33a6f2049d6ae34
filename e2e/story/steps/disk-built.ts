// SPDX-License-Identifier: Apache-2.0
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { prepareDisk } from '../make-release.ts'
import { placesOf } from '../places.ts'
import type { World } from '../world.ts'

/** A bootable disk from Debian packages, with a nonce that did not exist before this run. */
export async function diskBuilt(world: World): Promise<void> {
  world.nonce1 = await prepareDisk(world, '1')
  for (const name of ['system.raw', 'user.raw', 'machine.yaml']) {
    const { size } = await stat(join(placesOf(world.folder).disks('1'), name))
    if (size === 0) throw new Error(`\`${name}\` is empty`)
  }
}
