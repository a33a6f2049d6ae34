// SPDX-License-Identifier: Apache-2.0
import type { ColumnKit } from '../sqlite/kit.ts'

export function defineOrganisations(kit: ColumnKit) {
  return kit.table('organisations', {
    id: kit.text().primaryKey(),
    name: kit.text().notNull(),
    /** Whom a blocked user is told to ask. */
    contact: kit.text().notNull(),
    /** `single-operator`: this console holds enough keys to approve by itself, and says so. */
    custody: kit.text({ enum: ['single-operator', 'threshold'] }).notNull(),
    /** Origin under which devices reach the console; null: the device door's own, on this computer. */
    address: kit.text(),
    /** Of the device door, so that it is found again after a restart; null before the first start. */
    devicePort: kit.integer(),
    /** How long a lease runs. */
    leaseSeconds: kit.integer().notNull().default(604_800),
    createdAt: kit.timestamp().notNull(),
  })
}

/** Administrators, as they sign in to the console. */
export function defineUsers(kit: ColumnKit, organisations: ReturnType<typeof defineOrganisations>) {
  return kit.table(
    'users',
    {
      id: kit.text().primaryKey(),
      organisationId: kit
        .text()
        .notNull()
        .references(() => organisations.id),
      /** Lower case; unique over all organisations, because signing in names no organisation. */
      login: kit.text().notNull(),
      name: kit.text().notNull(),
      /** argon2id in PHC string form. */
      passwordHash: kit.text().notNull(),
      /** Names of roles. */
      roles: kit.json().notNull(),
      /** A session that carries a lower number is over: raising it signs the user out everywhere. */
      sessionVersion: kit.integer().notNull().default(1),
      failedSignIns: kit.integer().notNull().default(0),
      lockedUntil: kit.timestamp(),
      disabledAt: kit.timestamp(),
      createdAt: kit.timestamp().notNull(),
    },
    (table) => [kit.uniqueIndex('users_login').on(table.login), kit.index('users_organisation').on(table.organisationId)],
  )
}
