// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { Pace } from './pace.ts'

const mebibyte = 1_048_576

it('says nothing before it can, then rate and time left', () => {
  const pace = new Pace({ at: 1000, done: 0 })
  expect([pace.bytesPerSecond, pace.secondsLeft(mebibyte)]).toEqual([null, null])
  pace.note({ at: 1100, done: mebibyte })
  expect(pace.bytesPerSecond).toBeNull()
  pace.note({ at: 2000, done: 2 * mebibyte })
  expect(pace.bytesPerSecond).toBe(2 * mebibyte)
  expect(pace.secondsLeft(12 * mebibyte)).toBe(5)
  expect([pace.secondsLeft(2 * mebibyte), pace.secondsLeft(mebibyte)]).toEqual([null, null])
})

it('forgets what is longer ago than ten seconds', () => {
  const pace = new Pace({ at: 0, done: 0 })
  for (let second = 1; second <= 20; second += 1) pace.note({ at: second * 1000, done: second * 100 * mebibyte })
  for (let second = 21; second <= 31; second += 1) pace.note({ at: second * 1000, done: (2000 + second - 20) * mebibyte })
  expect(pace.bytesPerSecond).toBe(mebibyte)
})

it('begins where work goes on, and promises nothing while it stands still', () => {
  const resumed = new Pace({ at: 0, done: 500 })
  resumed.note({ at: 1000, done: 600 })
  expect([resumed.bytesPerSecond, resumed.secondsLeft(700)]).toEqual([100, 1])
  for (let second = 2; second <= 12; second += 1) resumed.note({ at: second * 1000, done: 600 })
  expect([resumed.bytesPerSecond, resumed.secondsLeft(700)]).toEqual([0, null])
})

it('gives the same rate however often it is told', () => {
  const pace = new Pace({ at: 0, done: 0 })
  for (let at = 1; at <= 20_000; at += 1) pace.note({ at, done: at * 1000 })
  expect(pace.bytesPerSecond).toBe(1_000_000)
})
