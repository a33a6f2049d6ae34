// SPDX-License-Identifier: Apache-2.0
//
// The console's database in one SQLite file: owned by this process alone, migrated, one writer, a few readers.
// Durable: WAL with synchronous=FULL, so that what was acknowledged survives the process and the machine. Not for network
// file systems (WAL needs shared memory), not for several processes: that is what PostgreSQL is for.
import { open, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Database } from '../database.ts'
import { DatabaseError } from '../error.ts'
import { readMigrations } from '../read-migrations.ts'
import { Connection } from './connection.ts'
import { createHandle } from './handle.ts'
import { makeDurable } from './make-durable.ts'
import { migrate } from './migrate.ts'
import { claimDatabase } from './owner.ts'
import { Readers } from './readers.ts'
import type { Run } from './session.ts'
import { Writer } from './writer.ts'

export interface DatabaseOptions {
  /** Created with mode 0600 where missing; its folder must exist. SQLite keeps `-wal`, `-shm` and `.owner` beside it. */
  readonly file: string
  /** Folder that drizzle-kit wrote; default: `drizzle/sqlite` of this repository. */
  readonly migrations?: string
  /** Read-only connections, each of which keeps a thread of libuv's pool (4 by default) busy while it reads. Default 2. */
  readonly readers?: number
}

/**
 * Opens, and creates or migrates, the database in `file`.
 * @throws DatabaseError `database-owned` when another process has it, `database-foreign`, `database-newer`,
 * `migration-altered`, `migration-failed`, `migrations-invalid`, `storage-failed`.
 */
export async function openDatabase({ file, migrations = defaultMigrations(), readers = 2 }: DatabaseOptions): Promise<Database> {
  const path = await canonicalPath(file)
  const closers: (() => Promise<void>)[] = []
  try {
    const claim = await claimDatabase(path)
    closers.unshift(() => claim.release())
    await createPrivate(path)
    const connection = await Connection.open(path, 'read-write')
    closers.unshift(() => connection.close())
    await migrate(connection, await readMigrations(migrations), path)
    await makeDurable(connection, path)
    const pool = new Readers(await Promise.all(Array.from({ length: readers }, () => Connection.open(path, 'read-only'))))
    closers.unshift(() => pool.close())
    return createDatabase(new Writer(connection), pool, closers)
  } catch (error) {
    await closeAll(closers)
    throw error
  }
}

function createDatabase(writer: Writer, readers: Readers, closers: readonly (() => Promise<void>)[]): Database {
  const read: Run = async (sql, parameters) => {
    writer.requireUsable(writer.root)
    return await readers.all(sql, parameters)
  }
  const end = async () => {
    await writer.end()
    await closeAll(closers)
  }
  let ended: Promise<void> | undefined
  const close = async () => {
    writer.refuseBypass(writer.root)
    ended ??= end()
    await ended
  }
  return Object.assign(createHandle(writer, writer.root, read), { close })
}

function defaultMigrations(): string {
  return join(import.meta.dirname, '../../../../../drizzle/sqlite')
}

async function closeAll(closers: readonly (() => Promise<void>)[]): Promise<void> {
  for (const close of closers) await close()
}

/** One file has one owner, whichever symbolic link leads to it. Refuses before anything is written beside it. */
async function canonicalPath(file: string): Promise<string> {
  try {
    const folder = await realpath(dirname(file))
    const path = await realpath(file).catch((error: unknown) => (isAbsence(error) ? join(folder, basename(file)) : Promise.reject(error)))
    const found = await stat(path).catch((error: unknown) => (isAbsence(error) ? undefined : Promise.reject(error)))
    if (found?.isFile() === false) throw new Error('expected a file, found a folder or a device')
    return path
  } catch (error) {
    throw new DatabaseError('storage-failed', `\`${file}\` cannot be opened: ${error instanceof Error ? error.message : String(error)}`, error)
  }
}

function isAbsence(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

/** SQLite would create it readable by everybody, and gives its side files the mode of the main one. */
async function createPrivate(path: string): Promise<void> {
  try {
    const handle = await open(path, 'a', 0o600)
    await handle.close()
  } catch (error) {
    throw new DatabaseError('storage-failed', `\`${path}\` cannot be written`, error)
  }
}
