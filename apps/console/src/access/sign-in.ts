// SPDX-License-Identifier: Apache-2.0
//
// Signing in with login and password. The same work and the same answer for a wrong password, an unknown login, a disabled user and one
// that is locked out, so that nobody learns which it was.
import { eq } from 'drizzle-orm'
import { appendAudit } from '../audit/append.ts'
import type { Console } from '../organisation/console.ts'
import { hashPassword, isPassword } from './password-hash.ts'

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
  const actor = { kind: 'stranger' as const, organisation: organisation.id }
  const at = new Date(now() * 1000)
  const locked = found.lockedUntil !== null && found.lockedUntil > at
  if (right && !locked && found.disabledAt === null && found.passwordHash.startsWith('$')) {
    await db.transaction(async (tx) => {
      await tx.update(users).set({ failedSignIns: 0, lockedUntil: null }).where(eq(users.id, found.id))
      await appendAudit(tx, actor, now(), { action: 'user.signed-in', subject: found.login })
    })
    return { user: found.id, generation: found.sessionVersion }
  }
  if (locked) return null
  const failed = found.failedSignIns + 1
  const lock = failed >= tries
  await db.transaction(async (tx) => {
    const lockedUntil = lock ? new Date((now() + lockSeconds) * 1000) : found.lockedUntil
    await tx
      .update(users)
      .set({ failedSignIns: lock ? 0 : failed, lockedUntil })
      .where(eq(users.id, found.id))
    await appendAudit(tx, actor, now(), { action: 'user.sign-in-refused', subject: found.login, details: { locked: lock } })
  })
  return null
}
