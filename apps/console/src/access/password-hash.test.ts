// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { hashPassword, isPassword } from './password-hash.ts'

it('opens with its own password, however its letters were composed, and with no other', async () => {
  const record = await hashPassword('caf\u00e9 noir')
  expect(record).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  expect(await isPassword('cafe\u0301 noir', record)).toBe(true)
  expect(await isPassword('cafe noir', record)).toBe(false)
})

it('is another record each time, and no password opens what is no record', async () => {
  const [one, other] = [await hashPassword('same'), await hashPassword('same')]
  expect(one).not.toBe(other)
  expect(await isPassword('', '!')).toBe(false)
  expect(await isPassword('same', one)).toBe(true)
})
