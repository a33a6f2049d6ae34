// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { durationWords, sizeWords } from './size-words.ts'

it('gives a size in the largest unit that leaves a number above one', () => {
  expect([0, 1023, 1024, 1_572_864, 5 * 2 ** 30, 2 ** 50].map(sizeWords)).toEqual(['0 B', '1023 B', '1.0 KiB', '1.5 MiB', '5.0 GiB', '1024 TiB'])
})

it('gives the time that is left', () => {
  expect([-1, 59.4, 125, 7260].map(durationWords)).toEqual(['0 s', '59 s', '2 min 5 s', '2 h 1 min'])
})
