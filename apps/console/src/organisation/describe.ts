// SPDX-License-Identifier: Apache-2.0
import type { Operator, Right } from '../access/actor.ts'
import { eq } from '../db/drizzle.ts'
import { ConsoleError } from '../error.ts'
import { singleOperatorWords } from './custody.ts'
import type { OpenConsole } from './open.ts'

export interface OrganisationView {
  readonly id: string
  readonly title: string
  readonly contact: string
  /** Under which devices reach the console; null: the device door's own address. */
  readonly address: string | null
  readonly custody: { readonly mode: 'single-operator' | 'threshold'; readonly words: readonly string[] }
  /** Whether the demo guest can be taken. */
  readonly demoGuest: boolean
  readonly user: { readonly login: string; readonly name: string; readonly roles: readonly string[]; readonly rights: readonly Right[] }
}

/** For whoever is signed in, whatever their rights. @throws ConsoleError `not-found` */
export async function describeOrganisation(actor: Operator, { db, demoGuest }: OpenConsole): Promise<OrganisationView> {
  const { organisations, users } = db.tables
  const [found] = await db.select().from(organisations).where(eq(organisations.id, actor.organisation))
  const [user] = await db.select().from(users).where(eq(users.id, actor.user))
  if (found === undefined || user === undefined) throw new ConsoleError('not-found', 'there is no such organisation')
  const { id, name, contact, address, custody } = found
  const roles = Array.isArray(user.roles) ? user.roles.map(String) : []
  return {
    ...{ id, title: name, contact, address, demoGuest: demoGuest !== null },
    custody: { mode: custody, words: custody === 'single-operator' ? singleOperatorWords : [] },
    user: { login: user.login, name: user.name, roles, rights: [...actor.rights] },
  }
}
