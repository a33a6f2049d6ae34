// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { suggested, updateOf, updateWords } from './typed-update.ts'

const at = '2027-01-31T08:00'
const atSeconds = 1_801_382_400

it('says nothing where nothing was asked for, and forgets a time that is not to force', () => {
  expect(updateOf(suggested)).toEqual({})
  expect(updateOf({ keep: '', forced: false, forceAt: at })).toEqual({})
  expect(updateOf({ keep: 2, forced: false, forceAt: at })).toEqual({ update: { keep: 2, forceAt: null } })
  expect(updateOf({ keep: 0, forced: true, forceAt: at })).toEqual({ update: { keep: 0, forceAt: atSeconds } })
})

it('puts it in words', () => {
  expect(updateWords(null)).toBe('suggested')
  expect(updateWords({ keep: 2, forceAt: null })).toBe('suggested, keeps 2')
  expect(updateWords({ keep: 0, forceAt: atSeconds })).toBe('forced from 2027-01-31 08:00 UTC')
})
