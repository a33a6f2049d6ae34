// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { RateLimit } from './rate-limit.ts'

it('lets a burst through, then says how long to wait, and lets one through after that', () => {
  const limit = new RateLimit({ burst: 2, perMinute: 6 })
  expect([limit.take('a', 100), limit.take('a', 100), limit.take('a', 100)]).toEqual([0, 0, 10])
  expect(limit.take('a', 109)).toBe(1)
  expect(limit.take('a', 110)).toBe(0)
})

it('counts each caller alone, and a clock that falls gives nothing', () => {
  const limit = new RateLimit({ burst: 1, perMinute: 60 })
  expect([limit.take('a', 100), limit.take('b', 100)]).toEqual([0, 0])
  expect(limit.take('a', 50)).toBe(1)
})
