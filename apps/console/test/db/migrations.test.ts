// SPDX-License-Identifier: Apache-2.0
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generateSQLiteDrizzleJson } from 'drizzle-kit/api'
import { expect, onTestFinished, test } from 'vitest'
import type { Database } from '../../src/db/database.ts'
import { sqliteKit } from '../../src/db/sqlite/kit.ts'
import { openDatabase } from '../../src/db/sqlite/open-database.ts'
import * as tables from '../../src/db/sqlite/tables.ts'
import { defineTables } from '../../src/db/tables/define-tables.ts'
import { accounts, bank, entries } from './bank.ts'
import { scratchFolder, writeMigrations } from './scratch.ts'

const drizzleFolder = join(import.meta.dirname, '../../../../drizzle/sqlite')
const colours = 'create table colours (name text primary key not null);'

async function openWith(folder: string, scripts: Readonly<Record<string, string>>): Promise<Database> {
  const db = await openDatabase({ file: join(folder, 'bank.db'), migrations: await writeMigrations(join(folder, 'migrations'), scripts) })
  onTestFinished(() => db.close())
  return db
}

async function openFilled(folder: string, scripts: Readonly<Record<string, string>>): Promise<void> {
  const db = await openWith(folder, scripts)
  await db.insert(accounts).values({ id: 'a', name: 'Ada', balance: 1 })
  await db.insert(entries).values({ id: 1, accountId: 'a', name: 'rent', amount: 1 })
  await db.close()
}

test('the newest migration of the console is what its tables are today, and no table is left out', async () => {
  const journal: { entries: { idx: number }[] } = JSON.parse(await readFile(join(drizzleFolder, 'meta/_journal.json'), 'utf8'))
  const newest = String(journal.entries.length - 1).padStart(4, '0')
  const snapshot: { tables: unknown } = JSON.parse(await readFile(join(drizzleFolder, `meta/${newest}_snapshot.json`), 'utf8'))
  const today = await generateSQLiteDrizzleJson({ ...tables }, undefined, 'snake_case')
  expect(JSON.parse(JSON.stringify(today.tables))).toEqual(snapshot.tables)
  expect(Object.keys(tables).toSorted()).toEqual(Object.keys(defineTables(sqliteKit)).toSorted())
})

test('an older database is brought up to date and keeps its rows; opening it again changes nothing', async () => {
  const folder = await scratchFolder()
  await openFilled(folder, { '0000_bank': bank })
  for (const _ of [1, 2]) {
    const db = await openWith(folder, { '0000_bank': bank, '0001_nick': `alter table accounts add column nick text not null default 'none';` })
    expect(await db.select().from(accounts)).toEqual([{ id: 'a', name: 'Ada', balance: 1 }])
    await db.close()
  }
})

test('a migration that rebuilds a table, as drizzle-kit does it, keeps the rows that refer to it', async () => {
  const folder = await scratchFolder()
  await openFilled(folder, { '0000_bank': bank })
  const rebuild = `PRAGMA foreign_keys=OFF;--> statement-breakpoint
CREATE TABLE \`__new_accounts\` (\`id\` text PRIMARY KEY NOT NULL, \`name\` text NOT NULL, \`balance\` integer DEFAULT 0 NOT NULL);
--> statement-breakpoint
INSERT INTO \`__new_accounts\`("id", "name", "balance") SELECT "id", "name", "balance" FROM \`accounts\`;--> statement-breakpoint
DROP TABLE \`accounts\`;--> statement-breakpoint
ALTER TABLE \`__new_accounts\` RENAME TO \`accounts\`;--> statement-breakpoint
PRAGMA foreign_keys=ON;`
  const db = await openWith(folder, { '0000_bank': bank, '0001_rebuild': rebuild })
  expect(await db.$count(entries)).toBe(1)
  await expect(db.insert(entries).values({ id: 2, accountId: 'nobody', name: 'x', amount: 1 }).execute()).rejects.toMatchObject({
    code: 'reference-violated',
  })
  await db.insert(entries).values({ id: 2, accountId: 'a', name: 'x', amount: 1 })
})

test('a failing migration leaves the old state, whatever it had done before, and the repaired one passes', async () => {
  const folder = await scratchFolder()
  await openFilled(folder, { '0000_bank': bank })
  const failures = [
    'drop table entries; create table oops (id text); select no_such_function();',
    'this is no sql',
    'pragma foreign_keys = off; delete from accounts;',
    `insert into accounts (id, name, balance) values ('a', 'again', 0);`,
  ]
  for (const failure of failures) {
    await expect(openWith(folder, { '0000_bank': bank, '0001_colours': colours, '0002_bad': failure })).rejects.toMatchObject({
      code: 'migration-failed',
      message: expect.stringContaining('`0002_bad`'),
    })
    const old = await openWith(folder, { '0000_bank': bank })
    expect(await old.$count(entries)).toBe(1)
    expect(await old.select().from(accounts)).toEqual([{ id: 'a', name: 'Ada', balance: 1 }])
    await old.close()
  }
  const db = await openWith(folder, { '0000_bank': bank, '0001_colours': colours, '0002_good': 'create table oops (id text);' })
  expect(await db.$count(entries)).toBe(1)
})

test('a database that a newer program migrated is refused, and works on with the newer one', async () => {
  const folder = await scratchFolder()
  await openFilled(folder, { '0000_bank': bank, '0001_colours': colours })
  await expect(openWith(folder, { '0000_bank': bank })).rejects.toMatchObject({
    code: 'database-newer',
    message: expect.stringContaining('`0001_colours`'),
  })
  const db = await openWith(folder, { '0000_bank': bank, '0001_colours': colours })
  expect(await db.$count(entries)).toBe(1)
})

test('a migration that was altered, renamed or swapped after it was applied is refused; other line endings are not an alteration', async () => {
  const folder = await scratchFolder()
  await openFilled(folder, { '0000_bank': bank, '0001_colours': colours })
  const histories = [
    { '0000_bank': `${bank}\n-- harmless?`, '0001_colours': colours },
    { '0000_bank': bank, '0001_other': colours },
    { '0000_colours': colours, '0001_bank': bank },
  ]
  for (const history of histories) await expect(openWith(folder, history)).rejects.toMatchObject({ code: 'migration-altered' })
  const db = await openWith(folder, { '0000_bank': bank.replaceAll('\n', '\r\n'), '0001_colours': colours })
  expect(await db.$count(entries)).toBe(1)
})

test('a folder of migrations that is not whole is refused before the file is touched', async () => {
  const folder = await scratchFolder()
  await openFilled(folder, { '0000_bank': bank })
  const migrations = await writeMigrations(join(folder, 'migrations'), { '0000_bank': bank })
  const journal = join(migrations, 'meta', '_journal.json')
  const whole = await readFile(journal, 'utf8')
  const faults = [
    '{',
    '{}',
    whole.replace('"idx":0', '"idx":1'),
    whole.replace('0000_bank', '0000_absent'),
    whole.replace('0000_bank', '../0000_bank'),
  ]
  for (const fault of faults) {
    await writeFile(journal, fault)
    await expect(openDatabase({ file: join(folder, 'bank.db'), migrations })).rejects.toMatchObject({ code: 'migrations-invalid' })
  }
  await writeFile(journal, whole)
  const db = await openDatabase({ file: join(folder, 'bank.db'), migrations })
  onTestFinished(() => db.close())
  expect(await db.$count(entries)).toBe(1)
})
