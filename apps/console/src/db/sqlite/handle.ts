// SPDX-License-Identifier: Apache-2.0
import type { SqliteRemoteResult } from 'drizzle-orm/sqlite-proxy'
import type { Transaction } from '../database.ts'
import { BaseSQLiteDatabase } from '../drizzle.ts'
import { UniqueNameDialect } from './dialect.ts'
import type { Scope } from './scope.ts'
import { type Run, Session } from './session.ts'
import * as tables from './tables.ts'
import type { Writer } from './writer.ts'

const dialect = new UniqueNameDialect()

/** Drizzle's builders over one scope of the writer; `read` says where selects run, by default in that scope too. */
export function createHandle(writer: Writer, scope: Scope, read?: Run): Transaction {
  const write: Run = (sql, parameters) => writer.execute(scope, sql, parameters)
  const session = new Session(dialect, read ?? write, write)
  const builders = new BaseSQLiteDatabase<'async', SqliteRemoteResult>('async', dialect, session, undefined)
  return Object.assign(builders, {
    tables,
    transaction: <T>(work: (tx: Transaction) => Promise<T>) => writer.transaction(scope, (child) => work(createHandle(writer, child))),
  })
}
