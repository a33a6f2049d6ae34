// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { progressWords, sizeWords } from './size-words.ts'

it('gives a size in the largest unit that leaves a number above one', () => {
  expect([0, 1023, 1024, 1_572_864, 5 * 2 ** 30, 2 ** 50].map(sizeWords)).toEqual(['0 B', '1023 B', '1.0 KiB', '1.5 MiB', '5.0 GiB', '1024 TiB'])
})

it('says how far work is, and how fast it goes and what is left where that is known', () => {
  const work = { done: 1.2 * 2 ** 30, total: 3.4 * 2 ** 30 }
  expect(progressWords({ ...work, rate: 85 * 2 ** 20, left: 26.4 })).toBe('1.2 GiB of 3.4 GiB, 85.0 MiB/s, about 26 s left')
  expect(progressWords({ ...work, rate: 0, left: null })).toBe('1.2 GiB of 3.4 GiB, 0 B/s')
  expect(progressWords({ ...work, rate: null, left: null })).toBe('1.2 GiB of 3.4 GiB')
  const left = (seconds: number) => progressWords({ ...work, rate: null, left: seconds }).replace(/^.*about /, '')
  expect([-1, 59.4, 125, 7260].map(left)).toEqual(['0 s left', '59 s left', '2 min 5 s left', '2 h 1 min left'])
})
