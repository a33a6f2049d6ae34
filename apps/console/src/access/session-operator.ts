// SPDX-License-Identifier: Apache-2.0
import { eq } from '../db/drizzle.ts'
import { ConsoleError } from '../error.ts'
import type { Console } from '../organisation/console.ts'
import type { Operator } from './actor.ts'
import { rightsOf } from './roles.ts'
import type { SessionClaims } from './sign-in.ts'

/**
 * Who a session stands for, asked at every call: a disabled user and a session that was ended elsewhere are out at once.
 * @throws ConsoleError `sign-in-needed`
 */
export async function sessionOperator({ db, organisation }: Console, { user, generation }: SessionClaims): Promise<Operator> {
  const { users } = db.tables
  const [found] = await db.select().from(users).where(eq(users.id, user))
  if (found === undefined || found.organisationId !== organisation.id || found.disabledAt !== null || found.sessionVersion !== generation) {
    throw new ConsoleError('sign-in-needed', 'this session is over: sign in again')
  }
  return { kind: 'operator', organisation: organisation.id, user: found.id, name: found.login, rights: rightsOf(found.roles), inPages: true }
}
