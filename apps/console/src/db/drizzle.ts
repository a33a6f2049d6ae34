// SPDX-License-Identifier: Apache-2.0
//
// drizzle-orm in its CommonJS build; types come from `drizzle-orm` itself. The ES build is some 200 modules under a package.json with
// 447 exports, and Node's loader copies and parses that whole file for each of them (nodejs/node#60425): 1.2 s of every start.
import { createRequire } from 'node:module'

const load = createRequire(import.meta.url)

const core: typeof import('drizzle-orm') = load('drizzle-orm')
export const { and, asc, Column, count, desc, eq, fillPlaceholders, gt, inArray, is, isNotNull, isNull, max, ne, or, SQL, sql, sum } = core
export type SQL = import('drizzle-orm').SQL

const sqlite: typeof import('drizzle-orm/sqlite-core') = load('drizzle-orm/sqlite-core')
export const { alias, BaseSQLiteDatabase, customType, index, primaryKey, SQLiteAsyncDialect, SQLiteSession, sqliteTable, text, union, uniqueIndex } =
  sqlite

const { RemotePreparedQuery }: typeof import('drizzle-orm/sqlite-proxy') = load('drizzle-orm/sqlite-proxy')
const { NoopCache }: typeof import('drizzle-orm/cache/core') = load('drizzle-orm/cache/core')
const { NoopLogger }: typeof import('drizzle-orm/logger') = load('drizzle-orm/logger')

export { NoopCache, NoopLogger, RemotePreparedQuery }
