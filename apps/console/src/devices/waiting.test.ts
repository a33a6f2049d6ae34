// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { WaitingDevices } from './waiting.ts'

it('wakes the device that is meant, and no other', async () => {
  const waiting = new WaitingDevices()
  const [one, other] = [waiting.enter('one'), waiting.enter('other')]
  waiting.wake('one')
  expect(await one.wake).toBe('news')
  other.leave('nothing')
  waiting.wakeAll()
  expect(await other.wake).toBe('nothing')
})

it('ends the earlier call of a device when a later one comes, and leaves the later one waiting', async () => {
  const waiting = new WaitingDevices()
  const [earlier, later] = [waiting.enter('one'), waiting.enter('one')]
  expect(await earlier.wake).toBe('superseded')
  earlier.leave('nothing')
  waiting.wakeAll()
  expect(await later.wake).toBe('news')
})

it('lets nobody wait once it is closed', async () => {
  const waiting = new WaitingDevices()
  const before = waiting.enter('one')
  waiting.close()
  expect([await before.wake, await waiting.enter('other').wake]).toEqual(['ended', 'ended'])
})
