// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { readUtc, utcWords } from './utc-time.ts'

it('reads what is typed as UTC wherever the browser is, and no date that does not exist', () => {
  expect(readUtc('2027-01-31T08:00')).toBe(1_801_382_400)
  expect(readUtc('2027-01-31T08:00:05')).toBe(1_801_382_405)
  for (const wrong of ['', '2027-02-30T08:00', '2027-01-31', '2027-01-31T08:00Z', '2027-01-31T25:00', '2027-01-31T08'])
    expect(readUtc(wrong)).toBeNull()
})

it('writes it as it was typed, with its zone', () => {
  expect(utcWords(1_801_382_400)).toBe('2027-01-31 08:00 UTC')
})
