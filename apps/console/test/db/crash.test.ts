// SPDX-License-Identifier: Apache-2.0
//
// kill -9 of a real process that writes. It cannot show a power cut: there the database relies on the fsync at each commit.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { asc, eq, sql } from '../../src/db/drizzle.ts'
import { Connection } from '../../src/db/sqlite/connection.ts'
import { openDatabase } from '../../src/db/sqlite/open-database.ts'
import { accounts, bank, entries } from './bank.ts'
import { startChild } from './child/process.ts'
import { scratchFolder, writeMigrations } from './scratch.ts'

const ROUNDS = 6

test('a process killed while it writes loses nothing that it acknowledged and leaves no half transaction', async () => {
  const folder = await scratchFolder()
  const migrations = await writeMigrations(join(folder, 'migrations'), { '0000_bank': bank })
  const file = join(folder, 'bank.db')
  const acknowledged: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const child = startChild('write.ts', [file, migrations])
    let seen = 0
    for await (const line of child.lines) {
      acknowledged.push(Number(line))
      seen += 1
      // Not awaited: lines that were written before the end still arrive, and count.
      if (seen === 1 + round * 37) child.process.kill('SIGKILL')
    }
    await child.kill()
    expect(seen).toBeGreaterThan(round * 37)

    const db = await openDatabase({ file, migrations })
    try {
      const ids = (await db.select({ id: entries.id }).from(entries).orderBy(asc(entries.id))).map(({ id }) => id)
      expect(acknowledged.filter((id) => !ids.includes(id))).toEqual([])
      // Transactions commit in the order of their numbers, so a hole would be one that was lost.
      expect(ids).toEqual(ids.map((_, index) => index + 1))
      const sums = await db
        .select({ id: accounts.id, balance: accounts.balance, sum: sql<number>`coalesce(sum(${entries.amount}), 0)` })
        .from(accounts)
        .leftJoin(entries, eq(entries.accountId, accounts.id))
        .groupBy(accounts.id)
      expect(sums.map(({ id, balance }) => [id, balance])).toEqual(sums.map(({ id, sum }) => [id, sum]))
    } finally {
      await db.close()
    }
    const connection = await Connection.open(file, 'read-only')
    expect(await connection.all('pragma integrity_check')).toEqual([{ integrity_check: 'ok' }])
    await connection.close()
  }
  expect(acknowledged.length).toBeGreaterThan(ROUNDS)
})
