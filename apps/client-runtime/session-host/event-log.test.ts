// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { EventLog } from './event-log.ts'

const soon = Symbol('not yet')
const isOver = async (promise: Promise<void>) => (await Promise.race([promise, new Promise((resolve) => setImmediate(resolve, soon))])) !== soon

it('is heard to the end once the daemon asks for what comes after the last event, and not before', async () => {
  const events = new EventLog()
  events.add('ending')
  expect(events.after(0)).toHaveLength(1)
  events.add('suspended')
  const heard = events.lastHeard(60_000)
  expect(events.after(1)).toHaveLength(1)
  expect(await isOver(heard)).toBe(false)
  expect(events.after(2)).toEqual([])
  expect(await isOver(heard)).toBe(true)
})

it('waits for nobody who never asked, and not for ever for one who has gone', async () => {
  const events = new EventLog()
  events.add('suspended')
  expect(await isOver(events.lastHeard(60_000))).toBe(true)
  events.after(0)
  expect(await isOver(events.lastHeard(60_000))).toBe(false)
  await events.lastHeard(1)
})
