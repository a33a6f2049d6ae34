// SPDX-License-Identifier: Apache-2.0
//
// One process owns a database file. Node has no flock, so the lock is SQLite's own: a write transaction that is never
// committed, in a side file. The kernel gives it up with the process, however that ends. On POSIX the lock also goes when this
// process opens and closes the side file by other means: nothing else may touch it.
import { DatabaseError } from '../error.ts'
import { Connection } from './connection.ts'

/** A restart may overlap with the last breath of the process before it. */
const PATIENCE_MS = 1_000

export interface Claim {
  release(): Promise<void>
}

/**
 * Takes `file` for this process until `release` or its end; the lock is in `<file>.owner`, which stays behind.
 * @throws DatabaseError `database-owned`, with the process id of the owner where it can be read.
 */
export async function claimDatabase(file: string): Promise<Claim> {
  const connection = await Connection.open(`${file}.owner`, 'read-write', PATIENCE_MS)
  try {
    await lock(connection)
  } catch (error) {
    const refusal = await refusalOf(connection, file, error)
    await connection.close()
    throw refusal
  }
  return { release: () => connection.close() }
}

/**
 * The id of this process is committed first, since others read what is committed; the second transaction is the lock. Where
 * somebody else came in between and left again, the file names him: then the id is written anew.
 */
async function lock(connection: Connection): Promise<void> {
  while (true) {
    await connection.script(`begin immediate; pragma user_version = ${process.pid}; commit`)
    await connection.script('begin immediate')
    if ((await readOwner(connection)) === process.pid) return
    await connection.script('rollback')
  }
}

async function refusalOf(connection: Connection, file: string, error: unknown): Promise<unknown> {
  if (!(error instanceof DatabaseError) || error.code !== 'busy') return error
  const owner = await readOwner(connection).then(
    (id) => `process \`${id}\``,
    (unreadable: unknown) => `another process (${String(unreadable)})`,
  )
  return new DatabaseError('database-owned', `\`${file}\` is in use by ${owner}: one process at a time may open it`, error)
}

async function readOwner(connection: Connection): Promise<number> {
  const [row] = await connection.all('pragma user_version')
  return Number(row?.user_version)
}
