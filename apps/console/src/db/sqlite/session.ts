// SPDX-License-Identifier: Apache-2.0
import type { Query, SQL } from 'drizzle-orm'
import type { SelectedFieldsOrdered, SQLiteAsyncDialect, SQLiteExecuteMethod } from 'drizzle-orm/sqlite-core'
import type { SqliteRemoteResult } from 'drizzle-orm/sqlite-proxy'
import { SQLiteSession } from '../drizzle.ts'
import { DatabaseError } from '../error.ts'
import { ArrayQuery } from './array-query.ts'
import type { Row } from './connection.ts'
import { selectUnderUniqueNames } from './dialect.ts'

/** Runs one statement somewhere: on a reader, on the writer, or inside a transaction. */
export type Run = (sql: string, parameters: readonly unknown[]) => Promise<readonly Row[]>

type Kind = { readonly type: 'select' | 'insert' | 'update' | 'delete' }

/** What drizzle's builders send their queries to. Raw statements are refused: their rows have no column list. */
export class Session extends SQLiteSession<'async', SqliteRemoteResult, Record<string, never>, Record<string, never>> {
  readonly #dialect: SQLiteAsyncDialect
  readonly #read: Run
  readonly #write: Run

  constructor(dialect: SQLiteAsyncDialect, read: Run, write: Run) {
    super(dialect)
    this.#dialect = dialect
    this.#read = read
    this.#write = write
  }

  override prepareQuery(
    query: Query,
    fields: SelectedFieldsOrdered | undefined,
    method: SQLiteExecuteMethod,
    _isArrayMode: boolean,
    _mapper?: unknown,
    kind?: Kind,
  ): ArrayQuery {
    if (kind === undefined) throw new DatabaseError('raw-query-refused', 'raw statements are refused: use `select`, `insert`, `update`, `delete`')
    if (kind.type !== 'select') return new ArrayQuery(this.#write, query, fields, method)
    const text = selectUnderUniqueNames(query.sql, fields ?? [])
    return new ArrayQuery(this.#read, { ...query, sql: text }, fields, method)
  }

  /** Of `$count`: one row of one number. */
  override async count(query: SQL): Promise<number> {
    const { sql, params } = this.#dialect.sqlToQuery(query)
    const [row] = await this.#read(`with "result" ("c0") as (${sql}) select "c0" from "result"`, params)
    return Number(row?.c0)
  }

  override transaction(): never {
    throw new DatabaseError('raw-query-refused', 'a transaction is opened by its handle')
  }
}
