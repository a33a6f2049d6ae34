// SPDX-License-Identifier: Apache-2.0

/** Stable codes, the same on every database: callers branch on them, messages are for people. */
export type DatabaseErrorCode =
  | 'busy'
  | 'constraint-violated'
  | 'database-closed'
  | 'database-foreign'
  | 'database-newer'
  | 'database-owned'
  | 'migration-altered'
  | 'migration-failed'
  | 'migrations-invalid'
  | 'parameter-invalid'
  | 'query-failed'
  | 'raw-query-refused'
  | 'reference-violated'
  | 'storage-failed'
  | 'storage-full'
  | 'transaction-aborted'
  | 'transaction-bypassed'
  | 'transaction-closed'
  | 'unique-violated'
  | 'value-invalid'
  | 'writer-broken'

/** The one error class of the database layer. Its messages never carry a parameter's value: those may be secrets. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError'
  readonly code: DatabaseErrorCode

  constructor(code: DatabaseErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}
