// SPDX-License-Identifier: Apache-2.0
//
// Signing in with login and password. The same work and the same answer for a wrong password, an unknown login, a disabled user and one
// that is locked out, so that nobody learns which it was.
import { appendAudit } from '../audit/append.ts'
import { eq } from '../db/drizzle.ts'
import type { Console } from '../organisation/console.ts'
import type { Operator } from './actor.ts'
import { hashPassword, isPassword } from './password-hash.ts'
import { rightsOf } from './roles.ts'

/** What a session's cookie carries. */
export interface SessionClaims {
  /** Row of `users`. */
  readonly user: string
  /** `sessionVersion` of that row when the session began. */
  readonly generation: number
}

const tries = 5
const lockSeconds = 300

let nobodys: Promise<string> | null = null

/** @returns null for whatever is not the right password of a user who may sign in now. */
export async function signIn({ db, organisation, now }: Console, login: string, password: string): Promise<SessionClaims | null> {
  const { users } = db.tables
  nobodys ??= hashPassword('nobody has this one')
  const [found] = await db.select().from(users).where(eq(users.login, login.toLowerCase()))
  const right = await isPassword(password.slice(0, 1024), found?.passwordHash.startsWith('$') === true ? found.passwordHash : await nobodys)
  if (found === undefined) return null
  const at = new Date(now() * 1000)
  return await db.transaction(async (tx) => {
    // Looked at again, since others try at the same time: each of them counts.
    const [user] = await tx.select().from(users).where(eq(users.id, found.id))
    if (user === undefined || (user.lockedUntil !== null && user.lockedUntil > at)) return null
    if (right && user.disabledAt === null && user.passwordHash === found.passwordHash && user.passwordHash.startsWith('$')) {
      await tx.update(users).set({ failedSignIns: 0, lockedUntil: null }).where(eq(users.id, user.id))
      const { id, login: name, roles } = user
      const actor: Operator = { kind: 'operator', organisation: organisation.id, user: id, name, rights: rightsOf(roles) }
      await appendAudit(tx, actor, now(), { action: 'user.signed-in', subject: user.login })
      return { user: user.id, generation: user.sessionVersion }
    }
    const lock = user.failedSignIns + 1 >= tries
    const counted = lock ? { failedSignIns: 0, lockedUntil: new Date((now() + lockSeconds) * 1000) } : { failedSignIns: user.failedSignIns + 1 }
    await tx.update(users).set(counted).where(eq(users.id, user.id))
    // Whoever tries with a wrong password is not known to be the user.
    const actor = { kind: 'stranger' as const, organisation: organisation.id }
    await appendAudit(tx, actor, now(), { action: 'user.sign-in-refused', subject: user.login, details: { locked: lock } })
    return null
  })
}
