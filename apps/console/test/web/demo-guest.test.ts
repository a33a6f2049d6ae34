// SPDX-License-Identifier: Apache-2.0
import { hash, randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { stringify } from 'yaml'
import { registerDemoGuest } from '../../src/machines/demo-guest.ts'
import { listMachines } from '../../src/machines/machine.ts'
import { operator, startWorld, type World } from '../console/world.ts'
import { bootable, hardware } from './disk-upload.ts'

async function images({ data }: World, system: Buffer): Promise<string> {
  const folder = join(data, '..', 'guest')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'machine.yaml'), stringify({ ...hardware, disks: { system: 'ide', user: 'ide' } }))
  await writeFile(join(folder, 'system.raw'), system)
  await writeFile(join(folder, 'user.raw'), randomBytes(8192))
  return folder
}

it('takes the demo guest as a machine once, and leaves the images as they are', async () => {
  const world = await startWorld()
  const system = bootable(randomBytes(65_536))
  const folder = await images(world, system)
  await expect(registerDemoGuest(operator, world.console, null)).rejects.toMatchObject({ code: 'not-found' })
  expect(await registerDemoGuest(operator, world.console, folder)).toMatchObject({
    hardware,
    disks: [
      { name: 'system', state: 'ready', sha256: hash('sha256', system) },
      { name: 'user', state: 'ready', sizeBytes: 8192 },
    ],
  })
  await expect(registerDemoGuest(operator, world.console, folder)).rejects.toMatchObject({ code: 'exists' })
  expect(await readFile(join(folder, 'system.raw'))).toEqual(system)
})

it('leaves nothing of a demo guest that cannot boot', async () => {
  const world = await startWorld()
  const folder = await images(world, Buffer.alloc(65_536))
  await expect(registerDemoGuest(operator, world.console, folder)).rejects.toMatchObject({ code: 'disk-unbootable' })
  expect(await listMachines(operator, world.console)).toEqual([])
  expect(await readdir(world.console.layout.disks)).toEqual([])
  await images(world, bootable(Buffer.alloc(65_536)))
  expect(await registerDemoGuest(operator, world.console, folder)).toMatchObject({ disks: [{ state: 'ready' }, { state: 'ready' }] })
})
