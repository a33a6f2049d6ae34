// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { meetUsers, namesUser, usersSetting } from './user-lists.ts'

const ofList = (users: readonly string[], groups: readonly string[]) => ({ users: [...users], groups: [...groups] })
const listed = (...allOf: { users: string[]; groups: string[] }[]) => ({ mode: 'listed' as const, allOf })
const ada = { user: 'ada', groups: ['staff'] }

describe('lists of users', () => {
  it('name a user by name or by one of the groups, and nobody else', () => {
    expect(namesUser(listed(ofList(['ada'], [])), ada)).toBe(true)
    expect(namesUser(listed(ofList(['eve'], [])), ada)).toBe(false)
    expect(namesUser(listed(ofList([], ['guests', 'staff'])), ada)).toBe(true)
    expect(namesUser(listed(ofList([], ['guests'])), ada)).toBe(false)
    expect(namesUser(listed(ofList([], [])), ada)).toBe(false)
    expect(namesUser({ mode: 'anyone' }, { user: null, groups: [] })).toBe(true)
  })

  it('do not take a device without a user for a user, whatever the list', () => {
    expect(namesUser(listed(ofList(['ada'], [])), { user: null, groups: ['staff'] })).toBe(false)
    expect(namesUser(listed(ofList(['ada'], ['staff'])), { user: null, groups: ['staff'] })).toBe(true)
  })

  it('must all name the user where several apply', () => {
    const both = meetUsers(listed(ofList([], ['staff'])), listed(ofList(['ada', 'bob'], [])))
    expect(namesUser(both, ada)).toBe(true)
    expect(namesUser(both, { user: 'ada', groups: [] })).toBe(false)
    expect(namesUser(both, { user: 'eve', groups: ['staff'] })).toBe(false)
  })

  it('name after a meet exactly whom both named before', () => {
    const some = fc.subarray(['ada', 'bob', 'eve'])
    const list = fc.record({ users: some, groups: fc.subarray(['staff', 'guests']) })
    const users = fc.oneof(
      fc.constant({ mode: 'anyone' as const }),
      fc.array(list, { minLength: 1, maxLength: 3 }).map((allOf) => ({ mode: 'listed' as const, allOf })),
    )
    const claims = fc.record({ user: fc.constantFrom('ada', 'bob', 'eve', 'zoe', null), groups: fc.subarray(['staff', 'guests', 'others']) })
    fc.assert(
      fc.property(users, users, claims, (one, other, who) => {
        expect(namesUser(meetUsers(one, other), who)).toBe(namesUser(one, who) && namesUser(other, who))
      }),
    )
  })

  it('are refused with a name twice, or with no list at all', () => {
    expect(usersSetting.safeParse(listed(ofList(['ada'], []))).success).toBe(true)
    expect(usersSetting.safeParse(listed(ofList(['ada', 'ada'], []))).success).toBe(false)
    expect(usersSetting.safeParse(listed()).success).toBe(false)
  })
})
