// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { GrowthBudget, shares } from './disk-growth.ts'

const bytes = fc.integer({ min: 0, max: 2 ** 40 })

it('shares out no more than the limit, and takes nothing away from what was taken', () => {
  fc.assert(
    fc.property(bytes, fc.array(bytes, { minLength: 1, maxLength: 6 }), fc.nat(), (limit, taken, index) => {
      const given = shares(limit, taken, index % taken.length, 1000)
      const sum = (of: readonly number[]) => of.reduce((all, one) => all + one, 0)
      expect(sum(given)).toBeLessThanOrEqual(Math.max(limit, sum(taken)))
      expect(given.every((most, at) => most >= (taken[at] ?? 0))).toBe(true)
    }),
  )
})

it('gives one disk all of it, several their parts, and the one that asks the rest that is too little for all', () => {
  expect(shares(100, [30], 0, 10)).toEqual([100])
  expect(shares(100, [30, 10], 0, 10)).toEqual([60, 40])
  expect(shares(100, [50, 40], 1, 10)).toEqual([50, 50])
  expect(shares(100, [80, 40], 1, 10)).toEqual([80, 40])
})

it('refuses what passes the limit, says so once, and takes the same under a higher one', async () => {
  const budget = new GrowthBudget()
  budget.add(60)
  await budget.set(100)
  expect(budget.take(40)).toBe(true)
  expect(await budget.whyStarved()).toBe('other')
  expect([budget.take(1), budget.take(0)]).toEqual([false, true])
  expect([await budget.whyStarved(), await budget.whyStarved()]).toEqual(['held', 'other'])
  await budget.set(101)
  expect(budget.take(1)).toBe(true)
  await budget.set(50)
  expect(budget.take(1)).toBe(false)
  await budget.set(null)
  expect(budget.take(2 ** 40)).toBe(true)
})
