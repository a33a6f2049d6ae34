// SPDX-License-Identifier: Apache-2.0
//
// Who may sign in to the console. Every change ends the user's sessions where it takes something away.
import { randomBytes, randomUUID } from 'node:crypto'
import { appendAudit } from '../audit/append.ts'
import { and, eq, ne, sql } from '../db/drizzle.ts'
import { ConsoleError } from '../error.ts'
import type { Console } from '../organisation/console.ts'
import { localOperator } from '../organisation/local-operator.ts'
import { type Operator, requireRight } from './actor.ts'
import { hashPassword } from './password-hash.ts'
import type { RoleName } from './roles.ts'

const leastPassword = 12

export interface NewUser {
  /** Lower case. */
  readonly login: string
  readonly name: string
  readonly roles: readonly RoleName[]
  /** Null: one is generated, and answered once. */
  readonly password: string | null
}

export interface UserView {
  readonly login: string
  readonly name: string
  readonly roles: unknown
  readonly disabled: boolean
  /** Unix seconds. */
  readonly createdAt: number
}

/** @returns the password where it was generated: it is kept nowhere. @throws ConsoleError `exists`, `input-invalid` */
export async function addUser(actor: Operator, { db, now }: Console, wanted: NewUser): Promise<{ login: string; password: string | null }> {
  requireRight(actor, 'user:manage')
  const { users } = db.tables
  const { login, name, roles } = wanted
  const password = checkPassword(wanted.password)
  const passwordHash = await hashPassword(password)
  await db.transaction(async (tx) => {
    const [known] = await tx.select({ id: users.id }).from(users).where(eq(users.login, login))
    if (known !== undefined) throw new ConsoleError('exists', `there is a user \`${login}\` already`)
    const row = { id: randomUUID(), organisationId: actor.organisation, login, name, passwordHash, roles: [...roles] }
    await tx.insert(users).values({ ...row, createdAt: new Date(now() * 1000) })
    await appendAudit(tx, actor, now(), { action: 'user.added', subject: login, details: { roles: [...roles] } })
  })
  return { login, password: wanted.password === null ? password : null }
}

export async function listUsers(actor: Operator, { db }: Console): Promise<readonly UserView[]> {
  requireRight(actor, 'user:manage')
  const { users } = db.tables
  const rows = await db
    .select()
    .from(users)
    .where(and(eq(users.organisationId, actor.organisation), ne(users.id, localOperator.user)))
    .orderBy(users.login)
  return rows.map(({ login, name, roles, disabledAt, createdAt }) => ({
    ...{ login, name, roles, disabled: disabledAt !== null },
    createdAt: Math.floor(createdAt.getTime() / 1000),
  }))
}

export type UserChange = 'disable' | 'enable' | 'sign-out'

/** @throws ConsoleError `not-found` */
export async function changeUser(actor: Operator, console: Console, login: string, change: UserChange): Promise<void> {
  requireRight(actor, 'user:manage')
  const { now } = console
  const values = {
    disable: { disabledAt: new Date(now() * 1000) },
    enable: { disabledAt: null, lockedUntil: null, failedSignIns: 0 },
    'sign-out': {},
  }
  await update(actor, console, login, values[change], `user.${{ disable: 'disabled', enable: 'enabled', 'sign-out': 'signed-out' }[change]}`)
}

/** @returns the password where it was generated. @throws ConsoleError `not-found`, `input-invalid` */
export async function setPassword(actor: Operator, console: Console, login: string, wanted: string | null): Promise<string | null> {
  requireRight(actor, 'user:manage')
  const password = checkPassword(wanted)
  await update(actor, console, login, { passwordHash: await hashPassword(password), failedSignIns: 0, lockedUntil: null }, 'user.password-set')
  return wanted === null ? password : null
}

/** Ends all sessions of whoever asks. */
export async function signOutEverywhere(actor: Operator, { db, now }: Console): Promise<void> {
  const { users } = db.tables
  await db.transaction(async (tx) => {
    await tx
      .update(users)
      .set({ sessionVersion: sql`${users.sessionVersion} + 1` })
      .where(eq(users.id, actor.user))
    await appendAudit(tx, actor, now(), { action: 'user.signed-out', subject: actor.name })
  })
}

async function update(actor: Operator, { db, now }: Console, login: string, values: object, action: string): Promise<void> {
  const { users } = db.tables
  await db.transaction(async (tx) => {
    const own = and(eq(users.login, login), eq(users.organisationId, actor.organisation), ne(users.id, localOperator.user))
    const changed = await tx
      .update(users)
      .set({ ...values, sessionVersion: sql`${users.sessionVersion} + 1` })
      .where(own)
      .returning({ id: users.id })
    if (changed.length === 0) throw new ConsoleError('not-found', `there is no user \`${login}\``)
    await appendAudit(tx, actor, now(), { action, subject: login })
  })
}

function checkPassword(wanted: string | null): string {
  if (wanted === null) return randomBytes(15).toString('base64url')
  if (wanted.length < leastPassword) throw new ConsoleError('input-invalid', `expected a password of ${leastPassword} characters or more`)
  return wanted
}
