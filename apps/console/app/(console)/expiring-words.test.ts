// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { expiringWords } from './expiring-words.ts'

it('says what runs out, when, and who must sign', () => {
  const root = {
    role: 'root' as const,
    version: 3,
    expires: '2027-05-01T00:00:00Z',
    expired: false,
    waiting: true,
    needed: 2,
    holders: ['ada', 'bert'],
  }
  expect(expiringWords(root)).toBe('root, version 3, expires on 2027-05-01. A version waits: 2 of ada, bert must sign.')
  expect(expiringWords({ ...root, expired: true, waiting: false })).toMatch(/^root, version 3, expired on 2027-05-01\. Nothing waits yet/)
  expect(expiringWords({ ...root, role: 'timestamp', needed: 0, holders: [] })).toMatch(/The console renews it every hour and could not/)
})
