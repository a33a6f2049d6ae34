// SPDX-License-Identifier: Apache-2.0
//
// What a store may use: the part of drizzle that means the same on SQLite and PostgreSQL. No raw statements (their rows have
// no column list) and no counts of changed rows (ask with `returning`). Tables come from the handle, never from an import,
// so that a store does not know which database it is on.

import type { BaseSQLiteDatabase } from 'drizzle-orm/sqlite-core'
import type { SqliteRemoteResult } from 'drizzle-orm/sqlite-proxy'
import type { Tables } from './tables/define-tables.ts'

type Builders = Pick<
  BaseSQLiteDatabase<'async', SqliteRemoteResult>,
  'select' | 'selectDistinct' | 'insert' | 'update' | 'delete' | '$count' | '$with' | 'with'
>

/** Inside a transaction: every statement of this handle belongs to it, nobody else's does. */
export interface Transaction extends Builders {
  readonly tables: Tables
  /**
   * Runs `work` in a transaction of its own (nested: a savepoint) and commits when it resolves; when it throws, all of it is
   * undone and the error passed on. A failed statement ends its transaction even if `work` swallows the error, as
   * PostgreSQL has it: to go on after a failure, nest the part that may fail.
   * @throws DatabaseError `transaction-bypassed` when a handle is used inside a transaction that was opened from it (it
   * would wait for itself); `transaction-closed` when a handle outlives its transaction; `transaction-aborted` after a failed
   * statement.
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>
}

/** Outside a transaction: reads see what is committed, each write is a transaction of its own and durable when it resolves. */
export interface Database extends Transaction {
  /** Waits for what is under way, then frees the file; later use is `database-closed`. */
  close(): Promise<void>
}
