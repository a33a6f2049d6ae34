// SPDX-License-Identifier: Apache-2.0
//
// An activation that the computer itself would refuse takes nothing from the console's counts, and one that it takes is counted once.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { newActivationKey } from '../../console/src/activation/secrets.ts'
import { openRules, operator, publishDesktop } from '../../console/test/console/world.ts'
import { Computer, realWorld } from './computer.ts'

it('counts at the console only what this computer may run', async () => {
  const [world, computer] = [await realWorld(), await Computer.fresh()]
  const agent = join(computer.data, 'agent.conf')
  const posture = { systems: null, diskEncrypted: false, screenLock: false, processes: [], files: [agent], otherwise: 'refuse' }
  await publishDesktop(world, [...openRules, { setting: 'posture', value: posture }, { setting: 'activation', value: 'key' }])
  const key = await newActivationKey(operator, world.console, 'office', 1)
  await computer.enrol(world)
  const { db } = world.console
  const uses = async () => (await db.select().from(db.tables.activationSecrets))[0]?.uses
  const counted = async () => [await uses(), await db.$count(db.tables.instances)]
  const activate = () => computer.call('activate', { desktop: 'office', presented: key, password: null })
  await expect(activate()).rejects.toMatchObject({ code: 'refused', reasons: [{ code: 'posture-failed' }] })
  expect(await counted()).toEqual([0, 0])
  await writeFile(agent, '')
  await expect(activate()).resolves.toMatchObject({ instance: 'office' })
  expect(await counted()).toEqual([1, 1])
  await expect(activate()).rejects.toMatchObject({ code: 'already-activated' })
  expect(await counted()).toEqual([1, 1])
})
