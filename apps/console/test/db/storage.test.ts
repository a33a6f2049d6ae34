// SPDX-License-Identifier: Apache-2.0
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Connection } from '../../src/db/sqlite/connection.ts'
import { makeDurable } from '../../src/db/sqlite/make-durable.ts'
import { openDatabase } from '../../src/db/sqlite/open-database.ts'
import { Writer } from '../../src/db/sqlite/writer.ts'
import { accounts } from './bank.ts'
import { openBank, scratchFolder } from './scratch.ts'

async function openWriter() {
  const connection = await Connection.open(join(await scratchFolder(), 'plain.db'), 'read-write')
  await connection.script('pragma journal_mode = wal; create table notes (note blob)')
  const writer = new Writer(connection)
  const count = async () => (await connection.all('select count(*) as n from notes'))[0]?.n
  return { connection, writer, count }
}

const insert = 'insert into notes (note) values (?)'

test('a full disk undoes the transaction and names itself; when there is room again the same work passes', async () => {
  const { connection, writer, count } = await openWriter()
  onTestFinished(() => connection.close())
  await writer.execute(writer.root, insert, [Buffer.alloc(10)])
  const work = () =>
    writer.transaction(writer.root, async (scope) => {
      await writer.execute(scope, insert, [Buffer.alloc(10)])
      await writer.transaction(scope, (inner) => writer.execute(inner, insert, [Buffer.alloc(500_000)]))
    })
  await connection.all('pragma max_page_count = 20')
  await expect(work()).rejects.toMatchObject({ code: 'storage-full' })
  expect(await count()).toBe(1)
  // Nothing of the failed transaction is left open: a small write commits by itself.
  await writer.execute(writer.root, insert, [Buffer.alloc(10)])
  expect(await count()).toBe(2)
  await connection.all('pragma max_page_count = 10000')
  await work()
  expect(await count()).toBe(4)
})

test('a transaction that cannot be undone stops all writing; one that can does not', async () => {
  const { connection, writer, count } = await openWriter()
  const failing = writer.transaction(writer.root, async (scope) => {
    await writer.execute(scope, insert, [Buffer.alloc(10)])
    throw new Error('undone')
  })
  await expect(failing).rejects.toThrow('undone')
  await writer.execute(writer.root, insert, [Buffer.alloc(10)])
  expect(await count()).toBe(1)
  const broken = writer.transaction(writer.root, async () => {
    await connection.close()
    throw new Error('not undone')
  })
  await expect(broken).rejects.toThrow('not undone')
  await expect(writer.execute(writer.root, insert, [Buffer.alloc(10)])).rejects.toMatchObject({ code: 'writer-broken' })
})

test('a writer logs ahead and syncs at each commit, which a connection without it does not', async () => {
  const connection = await Connection.open(join(await scratchFolder(), 'plain.db'), 'read-write')
  onTestFinished(() => connection.close())
  const modes = async () => [...(await connection.all('pragma journal_mode')), ...(await connection.all('pragma synchronous'))]
  await connection.script('pragma synchronous = off')
  expect(await modes()).toEqual([{ journal_mode: 'delete' }, { synchronous: 0 }])
  await makeDurable(connection, 'plain.db')
  expect(await modes()).toEqual([{ journal_mode: 'wal' }, { synchronous: 2 }])
})

test('what cannot have a write-ahead log is refused', async () => {
  const connection = await Connection.open(':memory:', 'read-write')
  onTestFinished(() => connection.close())
  await expect(makeDurable(connection, ':memory:')).rejects.toMatchObject({ code: 'storage-failed' })
})

test('more statements than the cache holds run as well as a few', async () => {
  const { connection, count } = await openWriter()
  onTestFinished(() => connection.close())
  for (let index = 0; index < 500; index += 1) await connection.all(`insert into notes (note) values (${index % 250})`)
  expect(await count()).toBe(500)
})

test('the file and what SQLite keeps beside it are readable by their owner alone', async () => {
  const { db, file } = await openBank()
  await db.insert(accounts).values({ id: 'a', name: 'a', balance: 0 })
  for (const path of [file, `${file}-wal`, `${file}-shm`]) expect((await stat(path)).mode & 0o777, path).toBe(0o600)
})

test("somebody else's file is refused and not changed, and so is one that is no database", async () => {
  const folder = await scratchFolder()
  const other = await Connection.open(join(folder, 'other.db'), 'read-write')
  await other.script('create table theirs (id text)')
  await other.close()
  await writeFile(join(folder, 'garbage.db'), Buffer.alloc(10_000, 'garbage'))
  for (const name of ['other.db', 'garbage.db']) {
    const file = join(folder, name)
    const before = await readFile(file)
    await expect(openDatabase({ file })).rejects.toMatchObject({ code: 'database-foreign' })
    expect(await readFile(file)).toEqual(before)
  }
  const db = await openDatabase({ file: join(folder, 'ours.db') })
  await db.close()
})

test('a folder that is not there and a file that is a folder are refused by name', async () => {
  const folder = await scratchFolder()
  await expect(openDatabase({ file: join(folder, 'absent', 'x.db') })).rejects.toMatchObject({
    code: 'storage-failed',
    message: expect.stringContaining('absent'),
  })
  const inside = join(folder, 'folder.db')
  await mkdir(inside)
  await expect(openDatabase({ file: inside })).rejects.toMatchObject({ code: 'storage-failed' })
  expect(await readdir(folder)).toEqual(['folder.db'])
  await (await openDatabase({ file: join(inside, 'x.db') })).close()
})

test('a database cut short is refused, and its whole copy opens', async () => {
  const folder = await scratchFolder()
  const file = join(folder, 'console.db')
  await (await openDatabase({ file })).close()
  const whole = await readFile(file)
  await writeFile(file, whole.subarray(0, 8_192))
  await expect(openDatabase({ file })).rejects.toMatchObject({ code: 'storage-failed' })
  await writeFile(file, whole)
  await (await openDatabase({ file })).close()
})
