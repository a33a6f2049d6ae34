// SPDX-License-Identifier: Apache-2.0
//
// `npx drizzle-kit generate --config drizzle.config.sqlite.ts` writes the next migration of the console's tables.
export default {
  dialect: 'sqlite',
  schema: './apps/console/src/db/sqlite/tables.ts',
  out: './drizzle/sqlite',
  casing: 'snake_case',
}
