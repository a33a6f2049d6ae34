// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { afterWrongPassword, isLocked, noTries, type PasswordRules, passwordFaults } from './password.ts'

const rules: PasswordRules = { mode: 'password', minLength: 8, minClasses: 3, tries: 3, lockMinutes: 15 }

describe('a password that a user chooses', () => {
  it.each([
    ['Geheim12', []],
    ['Gehei12', ['too-short']],
    ['geheimnis1', ['too-few-classes']],
    ['geheim', ['too-short', 'too-few-classes']],
    ['geheim 1', []],
    ['ÄÖÜäöü12', []],
    ['😀😀😀😀😀😀a1', []],
    ['', ['too-short', 'too-few-classes']],
  ])('%j has the faults %j', (password, faults) => {
    expect(passwordFaults(password, rules).map(({ fault }) => fault)).toEqual(faults)
  })

  it('counts as many characters on every keyboard', () => {
    expect(passwordFaults('e\u0301'.repeat(7), { ...rules, minClasses: 1 })).toEqual([{ fault: 'too-short', least: 8 }])
    expect(passwordFaults('e\u0301'.repeat(8), { ...rules, minClasses: 1 })).toEqual([])
  })
})

describe('wrong passwords', () => {
  it('lock after as many as the policy allows, for as long as it says, again and again', () => {
    const now = 1000
    const once = afterWrongPassword(noTries, rules, now)
    const twice = afterWrongPassword(once, rules, now)
    expect([isLocked(once, now), isLocked(twice, now)]).toEqual([false, false])
    const thrice = afterWrongPassword(twice, rules, now)
    expect(thrice).toEqual({ failed: 3, lockedUntil: now + 900 })
    expect([isLocked(thrice, now + 899), isLocked(thrice, now + 900)]).toEqual([true, false])
    const sixth = [4, 5, 6].reduce((tries) => afterWrongPassword(tries, rules, 5000), thrice)
    expect(sixth).toEqual({ failed: 6, lockedUntil: 5900 })
  })
})
