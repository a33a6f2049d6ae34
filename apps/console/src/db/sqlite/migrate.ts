// SPDX-License-Identifier: Apache-2.0
//
// Brings a database to the newest migration in one immediate transaction, or leaves it as it was. The history is kept in the
// database with the hash of each script: one that is not a prefix of ours is refused before anything is written.
import { DatabaseError } from '../error.ts'
import type { Migration } from '../read-migrations.ts'
import type { Connection, Row } from './connection.ts'

const HISTORY = 'migration_history'

/**
 * Applies what is missing of `migrations`; `file` is for messages.
 * @throws DatabaseError `database-foreign` for somebody else's file, `database-newer`, `migration-altered`,
 * `migration-failed` with the cause.
 */
export async function migrate(connection: Connection, migrations: readonly Migration[], file: string): Promise<void> {
  const found = await connection.all(`select name from sqlite_master where type = 'table' and name not like 'sqlite\\_%' escape '\\'`)
  if (found.length > 0 && !found.some(({ name }) => name === HISTORY)) {
    throw new DatabaseError('database-foreign', `\`${file}\` holds tables, but no \`${HISTORY}\`: it is not a database of this console`)
  }
  // Rebuilding a table drops it, which would delete its children; SQLite takes this switch outside a transaction only
  // (https://sqlite.org/lang_altertable.html, section 7). References are checked as a whole before the commit instead.
  await connection.script('pragma foreign_keys = off')
  try {
    await connection.script('begin immediate')
    try {
      await applyMissing(connection, migrations, file)
      await connection.script('commit')
    } catch (error) {
      await rollBack(connection)
      throw error
    }
  } finally {
    await connection.script('pragma foreign_keys = on')
  }
}

async function applyMissing(connection: Connection, migrations: readonly Migration[], file: string): Promise<void> {
  await connection.script(`create table if not exists ${HISTORY} (position integer primary key, tag text not null, hash text not null) strict`)
  const applied = await connection.all(`select position, tag, hash from ${HISTORY} order by position`)
  applied.forEach((row, position) => {
    requireKnown(row, position, migrations, file)
  })
  for (const [position, migration] of migrations.entries()) {
    if (position >= applied.length) await apply(connection, migration, position)
  }
}

function requireKnown(row: Row, position: number, migrations: readonly Migration[], file: string): void {
  const known = migrations[position]
  const tag = String(row.tag)
  if (known === undefined) {
    throw new DatabaseError(
      'database-newer',
      `\`${file}\` was migrated to \`${tag}\`; this program knows ${migrations.length} migrations: it is older`,
    )
  }
  if (row.position !== position || row.tag !== known.tag || row.hash !== known.hash) {
    throw new DatabaseError('migration-altered', `\`${file}\` was migrated by another \`${tag}\` than the \`${known.tag}\` of this program`)
  }
}

async function apply(connection: Connection, { tag, script, hash }: Migration, position: number): Promise<void> {
  try {
    await connection.script(script)
    await connection.all(`insert into ${HISTORY} (position, tag, hash) values (?, ?, ?)`, [position, tag, hash])
    const [dangling] = await connection.all('pragma foreign_key_check')
    if (dangling !== undefined) throw new Error(`a row of \`${String(dangling.table)}\` refers to a missing row of \`${String(dangling.parent)}\``)
  } catch (error) {
    throw new DatabaseError('migration-failed', `\`${tag}\` failed: ${error instanceof Error ? error.message : String(error)}`, error)
  }
}

async function rollBack(connection: Connection): Promise<void> {
  try {
    await connection.script('rollback')
  } catch (error) {
    // On a full disk and the like SQLite has undone the transaction by itself.
    if (!(error instanceof Error && error.message.includes('no transaction is active'))) throw error
  }
}
