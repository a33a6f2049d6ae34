// SPDX-License-Identifier: Apache-2.0
//
// PO-1: for whom something is, by the names of the organisation's directory. Lists of several layers are kept side by side and all of them
// must name the user, since no single list of users and groups says "one of these and also one of those".
import { z } from 'zod'
import { directoryName } from './names.ts'

const names = z
  .array(directoryName)
  .max(1000)
  .refine((list) => new Set(list).size === list.length, 'expected each name once')

const userList = z.strictObject({
  users: names.describe('Each of these'),
  groups: names.describe('And whoever is in one of these'),
})

export const usersSetting = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('anyone') }),
  z.strictObject({
    mode: z.literal('listed'),
    allOf: z.array(userList).min(1).describe('Every one of these lists must name the user or one of their groups; an empty list names nobody'),
  }),
])

type Users = z.infer<typeof usersSetting>
type UserList = z.infer<typeof userList>

/** What both allow: all lists of both. Normal form: names sorted, lists sorted, without those that another list implies. */
export function meetUsers(one: Users, other: Users): Users {
  const lists = [one, other].flatMap((users) => (users.mode === 'listed' ? users.allOf : [])).map(sorted)
  if (lists.length === 0) return { mode: 'anyone' }
  const distinct = [...new Map(lists.map((list) => [JSON.stringify(list), list])).values()]
  const needed = distinct.filter((list) => !distinct.some((narrower) => narrower !== list && isWithin(narrower, list)))
  return { mode: 'listed', allOf: needed.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) }
}

/** @param user null: a device that is nobody's in particular, which only its groups can name. */
export function namesUser(users: Users, { user, groups }: { readonly user: string | null; readonly groups: readonly string[] }): boolean {
  if (users.mode === 'anyone') return true
  return users.allOf.every((list) => (user !== null && list.users.includes(user)) || list.groups.some((group) => groups.includes(group)))
}

export function userWords(users: Users): string {
  if (users.mode === 'anyone') return 'anyone'
  return users.allOf.map(listWords).join(', and of these ')
}

function listWords({ users, groups }: UserList): string {
  const parts = [users.length === 0 ? [] : `the users ${users.join(', ')}`, groups.length === 0 ? [] : `the groups ${groups.join(', ')}`].flat()
  return parts.join(' and ') || 'nobody'
}

function sorted({ users, groups }: UserList): UserList {
  return { users: [...users].sort(), groups: [...groups].sort() }
}

function isWithin(narrower: UserList, wider: UserList): boolean {
  return narrower.users.every((user) => wider.users.includes(user)) && narrower.groups.every((group) => wider.groups.includes(group))
}
