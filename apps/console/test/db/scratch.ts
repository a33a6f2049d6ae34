// SPDX-License-Identifier: Apache-2.0
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Database } from '../../src/db/database.ts'
import { openDatabase } from '../../src/db/sqlite/open-database.ts'
import { bank } from './bank.ts'

/** A folder that is removed after the test. */
export async function scratchFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'casemate-db-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Writes a folder of migrations as drizzle-kit does; returns its path. */
export async function writeMigrations(folder: string, scripts: Readonly<Record<string, string>>): Promise<string> {
  await mkdir(join(folder, 'meta'), { recursive: true })
  const tags = Object.keys(scripts)
  const entries = tags.map((tag, idx) => ({ idx, version: '6', when: 1_700_000_000_000 + idx, tag, breakpoints: true }))
  await writeFile(join(folder, 'meta', '_journal.json'), JSON.stringify({ version: '7', dialect: 'sqlite', entries }))
  for (const [tag, script] of Object.entries(scripts)) await writeFile(join(folder, `${tag}.sql`), script)
  return folder
}

/** A database with the tests' own tables, closed after the test. */
export async function openBank(): Promise<{ db: Database; file: string; migrations: string }> {
  const folder = await scratchFolder()
  const migrations = await writeMigrations(join(folder, 'migrations'), { '0000_bank': bank })
  const file = join(folder, 'bank.db')
  const db = await openDatabase({ file, migrations })
  onTestFinished(() => db.close())
  return { db, file, migrations }
}
