// SPDX-License-Identifier: Apache-2.0
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../src/db/sqlite/open-database.ts'
import { accounts, bank } from './bank.ts'
import { startChild } from './child/process.ts'
import { openBank, scratchFolder, writeMigrations } from './scratch.ts'

test('a second process is refused by name while the first lives, and let in once that was killed', async () => {
  const folder = await scratchFolder()
  const migrations = await writeMigrations(join(folder, 'migrations'), { '0000_bank': bank })
  const file = join(folder, 'bank.db')
  const child = startChild('try.ts', [file, migrations])
  expect(await child.lines.next()).toMatchObject({ value: 'open' })
  await expect(openDatabase({ file, migrations })).rejects.toMatchObject({
    code: 'database-owned',
    message: expect.stringContaining(`process \`${child.process.pid}\``),
  })
  await child.kill()
  const db = await openDatabase({ file, migrations })
  onTestFinished(() => db.close())
  await db.insert(accounts).values({ id: 'a', name: 'a', balance: 0 })
  expect(await db.$count(accounts)).toBe(1)
})

test('of several processes that open the file at the same moment exactly one gets it', async () => {
  const folder = await scratchFolder()
  const migrations = await writeMigrations(join(folder, 'migrations'), { '0000_bank': bank })
  const children = Array.from({ length: 3 }, () => startChild('try.ts', [join(folder, 'bank.db'), migrations]))
  const answers = await Promise.all(children.map(async ({ lines }) => (await lines.next()).value))
  expect(answers.toSorted()).toEqual(['database-owned', 'database-owned', 'open'])
})

test('the same process is refused too, also through a symbolic link, until the first has closed', async () => {
  const { db, file, migrations } = await openBank()
  const link = `${file}.link`
  await symlink(file, link)
  for (const path of [file, link]) await expect(openDatabase({ file: path, migrations })).rejects.toMatchObject({ code: 'database-owned' })
  await db.insert(accounts).values({ id: 'a', name: 'a', balance: 0 })
  await db.close()
  const again = await openDatabase({ file: link, migrations })
  onTestFinished(() => again.close())
  expect(await again.$count(accounts)).toBe(1)
})

test('an attempt that was refused leaves the owner its lock', async () => {
  const { file, migrations } = await openBank()
  await expect(openDatabase({ file, migrations })).rejects.toMatchObject({ code: 'database-owned' })
  const child = startChild('try.ts', [file, migrations])
  expect(await child.lines.next()).toMatchObject({ value: 'database-owned' })
})
