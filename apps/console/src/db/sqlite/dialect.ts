// SPDX-License-Identifier: Apache-2.0
//
// The binding gives rows as objects keyed by column name: two columns of one name would leave one value, and integers beyond
// 2^53 would be rounded. So every result column of a query gets a name of its own, `c0`, `c1`, ... in the order of the fields,
// and 64-bit columns travel as text.
import type { SelectedFieldsOrdered, SQLiteDeleteConfig, SQLiteInsertConfig, SQLiteUpdateConfig } from 'drizzle-orm/sqlite-core'
import { Column, is, SQL, SQLiteAsyncDialect, sql } from '../drizzle.ts'

/** Drizzle's SQLite dialect, except that whatever `returning` names comes back under unique names. */
export class UniqueNameDialect extends SQLiteAsyncDialect {
  constructor() {
    super({ casing: 'snake_case' })
  }

  override buildInsertQuery(config: SQLiteInsertConfig): SQL {
    return super.buildInsertQuery(withUniqueNames(config))
  }

  override buildUpdateQuery(config: SQLiteUpdateConfig): SQL {
    return super.buildUpdateQuery(withUniqueNames(config))
  }

  override buildDeleteQuery(config: SQLiteDeleteConfig): SQL {
    return super.buildDeleteQuery(withUniqueNames(config))
  }
}

/** `c0`, `c1`, ... */
export function uniqueNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `c${index}`)
}

/**
 * The select `text` under unique names. SQLite keeps the order of a subquery that is neither joined nor ordered again
 * (select.c, tag-select-0230, condition 5), and flattens it, so this costs no second pass.
 */
export function selectUnderUniqueNames(text: string, fields: SelectedFieldsOrdered): string {
  const names = uniqueNames(fields.length)
  const results = fields.map(({ field }, index) => (isWide(field) ? `cast("c${index}" as text) as "c${index}"` : `"c${index}"`))
  return `with "result" (${names.map((name) => `"${name}"`).join(', ')}) as (${text}) select ${results.join(', ')} from "result"`
}

function withUniqueNames<T extends { returning?: SelectedFieldsOrdered }>(config: T): T {
  if (config.returning === undefined) return config
  const returning = config.returning.map(({ path, field }, index) => {
    const value = is(field, SQL.Aliased) ? field.sql : isWide(field) ? sql`cast(${field} as text)` : sql`${field}`
    return { path, field: value.as(`c${index}`) }
  })
  return { ...config, returning }
}

function isWide(field: unknown): boolean {
  return is(field, Column) && field.getSQLType() === 'bigint'
}
