// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { type ActivationAttempt, activationKeyDigest, decideActivation } from './activation.ts'

type Given = [activation: 'none' | 'password' | 'key', presented: ActivationAttempt['presented'], change?: Partial<ActivationAttempt>]

const decide = (...[activation, presented, change = {}]: Given) =>
  decideActivation({
    settings: { activation, 'activation-users': { mode: 'anyone' }, 'activation-instances': 2 },
    ...{ claims: { user: 'ada', groups: [] }, presented, otherInstances: 0, totalLeft: null, ...change },
  })
const attempt = (...given: Given) => {
  const decision = decide(...given)
  return decision.allowed ? decision.usesKey : decision.code
}
const sentence = (...given: Given) => {
  const decision = decide(...given)
  return decision.allowed ? 'allowed' : decision.message
}
const none = { kind: 'none' } as const
const password = (right: boolean) => ({ kind: 'password' as const, right })
const key = (usesLeft: number) => ({ kind: 'key' as const, usesLeft })

describe('activation', () => {
  it.each([
    ['none', none, false],
    ['none', password(false), false],
    ['password', none, 'activation-refused'],
    ['password', password(false), 'activation-refused'],
    ['password', key(1), 'activation-refused'],
    ['password', password(true), false],
    ['key', none, 'activation-refused'],
    ['key', password(true), 'activation-refused'],
    ['key', key(0), 'activation-used-up'],
    ['key', key(1), true],
  ] as const)('under `%s` with %j gives %s', (setting, presented, outcome) => expect(attempt(setting, presented)).toBe(outcome))

  it.each([
    ['a user who is listed', { user: 'ada', groups: [] }, 'allowed'],
    ['a user of a group that is listed', { user: 'ben', groups: ['staff', 'guests'] }, 'allowed'],
    ['another user', { user: 'cora', groups: ['guests'] }, 'expected a user whom the policy lists, found `cora`'],
    ['no user', { user: null, groups: [] }, 'expected a user whom the policy lists, found a device without a user'],
  ])('under a list of users is for %s: %j %s', (_who, claims, outcome) => {
    const settings = {
      activation: 'none' as const,
      'activation-users': { mode: 'listed' as const, allOf: [{ users: ['ada'], groups: ['staff'] }] },
      'activation-instances': 2,
    }
    expect(sentence('none', none, { settings, claims })).toBe(outcome)
    if (outcome !== 'allowed') expect(attempt('none', none, { settings, claims })).toBe('activation-not-for-user')
  })

  it.each([
    ['password', none, 'expected the activation password, found nothing'],
    ['password', password(false), 'expected the activation password, found a wrong password'],
    ['password', key(1), 'expected the activation password, found a key'],
    ['key', password(true), 'expected an activation key, found a password'],
    ['key', password(false), 'expected an activation key, found a wrong password'],
  ] as const)('under `%s` with %j says %s', (setting, presented, words) => expect(sentence(setting, presented)).toBe(words))

  it('does not ask for the uses of a key that nobody asked for', () => {
    expect(attempt('none', key(0))).toBe(false)
    expect(attempt('key', key(0))).toBe('activation-used-up')
  })

  it('stops at the allowance of a user and at that of all', () => {
    expect(attempt('none', none, { otherInstances: 1 })).toBe(false)
    expect(attempt('none', none, { otherInstances: 2 })).toBe('activation-used-up')
    expect(attempt('none', none, { totalLeft: 1 })).toBe(false)
    expect(attempt('none', none, { totalLeft: 0 })).toBe('activation-used-up')
  })

  it('names a wrong secret before an allowance that is used up', () => {
    expect(attempt('password', password(false), { otherInstances: 9, totalLeft: 0 })).toBe('activation-refused')
  })

  it('finds a key however it is typed, and no other', async () => {
    const digest = await activationKeyDigest('ABCD-EFGH-2345')
    expect(await activationKeyDigest(' abcd efgh 2345\n')).toBe(digest)
    expect(await activationKeyDigest('ABCD-EFGH-2346')).not.toBe(digest)
  })
})
