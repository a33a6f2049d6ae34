// SPDX-License-Identifier: Apache-2.0
import { DatabaseError, type DatabaseErrorCode } from '../error.ts'

/** Result codes of SQLite (https://sqlite.org/rescode.html); one that is not listed is a fault of the statement. */
const codes: Readonly<Record<string, DatabaseErrorCode>> = {
  SQLITE_BUSY: 'busy',
  SQLITE_CANTOPEN: 'storage-failed',
  SQLITE_CORRUPT: 'storage-failed',
  SQLITE_FULL: 'storage-full',
  SQLITE_IOERR: 'storage-failed',
  SQLITE_LOCKED: 'busy',
  SQLITE_NOTADB: 'database-foreign',
  SQLITE_PERM: 'storage-failed',
  SQLITE_READONLY: 'storage-failed',
}

function codeOf(error: Error): DatabaseErrorCode {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (code !== 'SQLITE_CONSTRAINT') return codes[code] ?? 'query-failed'
  // The binding reports no extended codes: the kind of constraint is in the message alone.
  if (error.message.includes('UNIQUE constraint failed')) return 'unique-violated'
  if (error.message.includes('FOREIGN KEY constraint failed')) return 'reference-violated'
  return 'constraint-violated'
}

/** The error of the binding as ours; it names the file and the statement's text, never a parameter. */
export function readError(error: Error, file: string, sql: string): DatabaseError {
  const code = codeOf(error)
  const advice = code === 'storage-full' ? 'its disk is full, make room and try again: ' : ''
  return new DatabaseError(code, `${advice}\`${file}\` refused \`${sql.slice(0, 300)}\`: ${error.message}`, error)
}
