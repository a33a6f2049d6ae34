// SPDX-License-Identifier: Apache-2.0
import { DatabaseError } from '../error.ts'
import type { Connection } from './connection.ts'

/** Bytes of WAL file that a checkpoint leaves behind. */
const WAL_LIMIT = 64 * 1024 * 1024

/**
 * Makes a writing connection keep what it acknowledges: a write-ahead log, and an fsync at each commit
 * (https://sqlite.org/pragma.html#pragma_synchronous).
 * @throws DatabaseError `storage-failed` where the file cannot have a write-ahead log.
 */
export async function makeDurable(connection: Connection, path: string): Promise<void> {
  const [row] = await connection.all('pragma journal_mode = wal')
  const mode = String(row?.journal_mode)
  if (mode !== 'wal') throw new DatabaseError('storage-failed', `\`${path}\`: expected journal mode \`wal\`, found \`${mode}\``)
  await connection.script(`pragma synchronous = full; pragma journal_size_limit = ${WAL_LIMIT}`)
}
