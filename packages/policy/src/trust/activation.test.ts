// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { type ActivationAttempt, activationKeyDigest, decideActivation } from './activation.ts'

const attempt = (activation: 'none' | 'password' | 'key', presented: ActivationAttempt['presented'], change: Partial<ActivationAttempt> = {}) => {
  const decision = decideActivation({
    settings: { activation, 'activation-users': { mode: 'anyone' }, 'activation-instances': 2 },
    ...{ claims: { user: 'ada', groups: [] }, presented, otherInstances: 0, totalLeft: null, ...change },
  })
  return decision.allowed ? decision.usesKey : decision.code
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
