// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { fieldWords } from './field-words.ts'

it('says the fields of a record in words, leaves out what has no value, and cuts digests', () => {
  const planSha256 = 'ab'.repeat(32)
  expect(fieldWords({ desktop: 'office', allowed: true, code: null, note: '', reasons: [], planSha256 })).toBe(
    'desktop office, allowed yes, reasons none, plan digest abababababab…',
  )
  expect(fieldWords({ fields: { 'held-by': 'user' }, actions: ['pause', 'cut-network'] })).toBe('fields (held by user), actions pause + cut-network')
})

it('writes instants as dates, and other numbers of the same size as they are', () => {
  expect(fieldWords({ exp: 1_764_086_400, count: 1_764_086_400 })).toBe('ends 2025-11-25 16:00 UTC, count 1764086400')
  expect(fieldWords({ from: 1, to: '10.0.0.1 port 80' })).toBe('from 1, to 10.0.0.1 port 80')
})
