// SPDX-License-Identifier: Apache-2.0
import { sqliteKit } from '../../src/db/sqlite/kit.ts'

/** Tables of the tests' own, small enough to see everything in them. */
export const accounts = sqliteKit.table('accounts', {
  id: sqliteKit.text().primaryKey(),
  name: sqliteKit.text().notNull(),
  balance: sqliteKit.integer().notNull(),
})

export const entries = sqliteKit.table('entries', {
  id: sqliteKit.integer().primaryKey(),
  accountId: sqliteKit
    .text()
    .notNull()
    .references(() => accounts.id, { onDelete: 'cascade' }),
  name: sqliteKit.text().notNull(),
  amount: sqliteKit.integer().notNull(),
})

export const bank = `
create table accounts (id text primary key not null, name text not null, balance integer not null check (balance >= 0));
--> statement-breakpoint
create table entries (
  id integer primary key not null, account_id text not null references accounts (id) on delete cascade, name text not null, amount integer not null
);`
