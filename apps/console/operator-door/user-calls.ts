// SPDX-License-Identifier: Apache-2.0
import { directoryName } from '@casemate/policy/names'
import { z } from 'zod'
import { roleNames } from '../src/access/roles.ts'
import { addUser, changeUser, listUsers, setPassword, signOutEverywhere } from '../src/access/users.ts'
import type { Console } from '../src/organisation/console.ts'
import { call } from './call.ts'

const login = z.string().regex(/^[a-z0-9][a-z0-9._@-]{0,63}$/)
const password = z.string().max(1024).nullable()

/** Who may sign in. */
export function userCalls(console: Console) {
  return {
    'add-user': call(z.strictObject({ login, name: directoryName, roles: z.array(z.enum(roleNames)).min(1), password }), (actor, wanted) =>
      addUser(actor, console, wanted),
    ),
    'list-users': call(z.strictObject({}), async (actor) => ({ users: await listUsers(actor, console) })),
    'change-user': call(z.strictObject({ login, change: z.enum(['disable', 'enable', 'sign-out']) }), async (actor, wanted) => {
      await changeUser(actor, console, wanted.login, wanted.change)
      return wanted
    }),
    'set-user-password': call(z.strictObject({ login, password }), async (actor, wanted) => ({
      login: wanted.login,
      password: await setPassword(actor, console, wanted.login, wanted.password),
    })),
    'sign-out': call(z.strictObject({}), async (actor) => {
      await signOutEverywhere(actor, console)
      return { signedOut: actor.name }
    }),
  }
}
