// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { ReplayMemory } from './replay-memory.ts'

it('takes each id once while it is remembered, and again when its time is over', () => {
  let now = 1000
  const memory = new ReplayMemory(() => now)
  expect([memory.claim('a', 1300), memory.claim('a', 1300), memory.claim('b', 1300)]).toEqual([true, false, true])
  now = 1300
  expect(memory.claim('a', 1300)).toBe(false)
  now = 1400
  expect(memory.claim('a', 1700)).toBe(true)
})
