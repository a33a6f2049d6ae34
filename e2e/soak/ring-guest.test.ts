// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { lossesIn, readRing } from './ring-guest.ts'

/** The ring after the numbers up to `last` were written. */
const ringAfter = (last: number) => Array.from({ length: 128 }, (_, slot) => Math.max(0, last - ((last - slot + 128) % 128)))

it.each([0, 1, 127, 128, 1000])('finds nothing lost where the ring holds all up to %i, and one number where an earlier one stands', (last) => {
  expect(lossesIn(ringAfter(last), last)).toEqual([])
  expect(lossesIn(ringAfter(last + 3), last)).toEqual([])
  expect(lossesIn(ringAfter(last), last + 1)).toEqual([`slot ${(last + 1) % 128} holds ${Math.max(0, last - 127)}, but ${last + 1} was durable`])
})

it('finds a number in a slot that is not its own', () => {
  expect(lossesIn(ringAfter(5).with(9, 10), 5)).toEqual(['slot 9 holds 10, which belongs elsewhere'])
  expect(lossesIn(ringAfter(5).with(9, 9), 5)).toEqual([])
})

it('reads whole lines only, and refuses a disk error', () => {
  const start = '=aaaaaaab\n'.repeat(128)
  expect(readRing(start)).toEqual({ found: Array.from({ length: 128 }, () => 1), flushed: 0 })
  expect(readRing(`${start}+aaaaaaac\n+aaaaaaa`).flushed).toBe(2)
  expect(readRing(start.slice(10)).found).toBeNull()
  expect(() => readRing(`${start}!`)).toThrow('the guest met a disk error')
})
