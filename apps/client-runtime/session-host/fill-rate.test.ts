// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { fillRate } from './fill-rate.ts'

it('is a quarter while the guest reads', () => {
  expect([0, 4999, 5000, Number.POSITIVE_INFINITY].map((ms) => fillRate(ms) / 1024 ** 2)).toEqual([1, 1, 4, 4])
})
