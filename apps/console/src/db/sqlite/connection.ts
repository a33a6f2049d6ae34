// SPDX-License-Identifier: Apache-2.0
//
// One SQLite connection as promises. Every statement is stepped to its end (`all`, never `get`, which leaves a read
// transaction open) and every parameter is checked, because the binding stores NULL for what it does not know.
// It queues nothing: whoever owns a connection runs one statement at a time.
import sqlite3 from 'sqlite3'
import { DatabaseError } from '../error.ts'
import { readError } from './read-error.ts'
import { StatementCache } from './statement-cache.ts'

/** Column name to value: string, number, null or Buffer. Two columns of one name leave one key: name them apart. */
export type Row = Readonly<Record<string, unknown>>

const CACHED_STATEMENTS = 200
const BUSY_TIMEOUT_MS = 5_000

const flags = {
  'read-only': sqlite3.OPEN_READONLY | sqlite3.OPEN_FULLMUTEX,
  'read-write': sqlite3.OPEN_READWRITE | sqlite3.OPEN_CREATE | sqlite3.OPEN_FULLMUTEX,
}

export class Connection {
  readonly #file: string
  readonly #handle: sqlite3.Database
  readonly #statements = new StatementCache<sqlite3.Statement>(CACHED_STATEMENTS)

  private constructor(file: string, handle: sqlite3.Database) {
    this.#file = file
    this.#handle = handle
  }

  /**
   * Opens `file` with foreign keys enforced; `read-write` creates it.
   * @throws DatabaseError `storage-failed` where it cannot be opened.
   */
  static async open(file: string, access: 'read-only' | 'read-write', busyTimeoutMs = BUSY_TIMEOUT_MS): Promise<Connection> {
    const handle = await new Promise<sqlite3.Database>((resolve, reject) => {
      const opening = new sqlite3.Database(file, flags[access], (error) => {
        if (error === null) resolve(opening)
        else reject(readError(error, file, 'open'))
      })
    })
    handle.configure('busyTimeout', busyTimeoutMs)
    const connection = new Connection(file, handle)
    try {
      await connection.script('pragma foreign_keys = on; pragma trusted_schema = off')
    } catch (error) {
      await connection.close()
      throw error
    }
    return connection
  }

  /**
   * Runs one statement to its end.
   * @throws DatabaseError `parameter-invalid` before anything is run, otherwise what SQLite said.
   */
  async all(sql: string, parameters: readonly unknown[] = []): Promise<readonly Row[]> {
    parameters.forEach(requireBindable)
    const statement = this.#statements.get(sql) ?? (await this.#prepare(sql))
    return await new Promise<readonly Row[]>((resolve, reject) => {
      statement.all<Row>(parameters, (error, rows) => {
        if (error === null) resolve(rows)
        else reject(readError(error, this.#file, sql))
      })
    })
  }

  /** Runs several statements that take no parameters and give no rows, as they stand; they are not kept prepared. */
  async script(sql: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#handle.exec(sql, (error) => {
        if (error === null) resolve()
        else reject(readError(error, this.#file, sql))
      })
    })
  }

  async close(): Promise<void> {
    await Promise.all(this.#statements.drain().map(finalize))
    await new Promise<void>((resolve, reject) => {
      this.#handle.close((error) => {
        if (error === null) resolve()
        else reject(readError(error, this.#file, 'close'))
      })
    })
  }

  async #prepare(sql: string): Promise<sqlite3.Statement> {
    const statement = await new Promise<sqlite3.Statement>((resolve, reject) => {
      const preparing = this.#handle.prepare(sql, (error) => {
        if (error === null) resolve(preparing)
        else reject(readError(error, this.#file, sql))
      })
    })
    const evicted = this.#statements.add(sql, statement)
    if (evicted !== undefined) await finalize(evicted)
    return statement
  }
}

function finalize(statement: sqlite3.Statement): Promise<void> {
  return new Promise<void>((resolve) => {
    statement.finalize(() => resolve())
  })
}

/** What comes back as it went in. Text that is not well-formed UTF-16 would be altered, a NaN would become NULL. */
function requireBindable(value: unknown, index: number): void {
  if (value === null || value instanceof Uint8Array) return
  if (typeof value === 'number' && Number.isFinite(value)) return
  if (typeof value === 'string' && value.isWellFormed()) return
  const expected = 'expected well-formed text, a finite number, bytes or null'
  throw new DatabaseError('parameter-invalid', `parameter \`${index + 1}\`: ${expected}, found ${typeof value}`)
}
