// SPDX-License-Identifier: Apache-2.0
import type { Query } from 'drizzle-orm'
import type { SelectedFieldsOrdered, SQLiteExecuteMethod } from 'drizzle-orm/sqlite-core'
import type { SqliteRemoteResult } from 'drizzle-orm/sqlite-proxy'
import { fillPlaceholders, NoopCache, NoopLogger, RemotePreparedQuery } from '../drizzle.ts'
import { DatabaseError } from '../error.ts'
import { uniqueNames } from './dialect.ts'
import type { Run } from './session.ts'

type Values = Record<string, unknown>

const cache = new NoopCache()
const logger = new NoopLogger()

/**
 * A query whose result columns are named `c0`, `c1`, ...: rows become arrays in that order and drizzle's own code maps them
 * to the fields. Only that mapping is inherited: drizzle's way of running wraps errors in one that lists the parameters.
 */
export class ArrayQuery extends RemotePreparedQuery {
  readonly #fetch: (values?: Values) => Promise<unknown[][]>

  constructor(run: Run, query: Query, fields: SelectedFieldsOrdered | undefined, method: SQLiteExecuteMethod) {
    const names = uniqueNames(fields?.length ?? 0)
    const fetch = async (text: string, parameters: unknown[]) => (await run(text, parameters)).map((row) => names.map((name) => row[name]))
    const client = async (text: string, parameters: unknown[]) => ({ rows: await fetch(text, parameters) })
    super(client, query, logger, cache, undefined, undefined, fields, method, true)
    this.#fetch = (values = {}) => fetch(query.sql, fillPlaceholders(query.params, values))
  }

  override async run(values?: Values): Promise<SqliteRemoteResult> {
    return { rows: await this.#fetch(values) }
  }

  override async all(values?: Values): Promise<unknown> {
    return this.mapAllResult(await this.#fetch(values))
  }

  override get(): Promise<never> {
    return refuse('get')
  }

  override values(): Promise<never> {
    return refuse('values')
  }
}

/** PostgreSQL's builders have neither; `values` would also skip the decoding of columns. */
function refuse(name: string): Promise<never> {
  return Promise.reject(new DatabaseError('raw-query-refused', `\`${name}\` is refused: await the query, or \`execute\` it when prepared`))
}
