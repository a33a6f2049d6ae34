// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { validityOf } from './validity.ts'

it('writes instants as a manifest has them, and nothing where there is none', () => {
  expect(validityOf(null, null)).toEqual({})
  expect(validityOf(1_801_382_400, null)).toEqual({ validity: { notBefore: '2027-01-31T08:00:00Z', notAfter: null } })
  expect(validityOf(null, 1_801_382_400)).toEqual({ validity: { notBefore: null, notAfter: '2027-01-31T08:00:00Z' } })
})
