// SPDX-License-Identifier: Apache-2.0
//
// Commits transactions until it is killed and acknowledges each on standard output once it is durable. Several writers at once;
// each transaction adds one row to `entries` and raises the balance of its account by the same amount.
import { writeSync } from 'node:fs'
import { eq, sql } from '../../../src/db/drizzle.ts'
import { openDatabase } from '../../../src/db/sqlite/open-database.ts'
import { accounts, entries } from '../bank.ts'

const [file = '', migrations = ''] = process.argv.slice(2)
const db = await openDatabase({ file, migrations })
const highest = await db.$count(entries)
let next = highest

async function writeForEver(accountId: string): Promise<never> {
  await db.insert(accounts).values({ id: accountId, name: accountId, balance: 0 }).onConflictDoNothing()
  while (true) {
    const id = ++next
    await db.transaction(async (tx) => {
      await tx.insert(entries).values({ id, accountId, name: 'x'.repeat(500), amount: id })
      await tx
        .update(accounts)
        .set({ balance: sql`${accounts.balance} + ${id}` })
        .where(eq(accounts.id, accountId))
    })
    writeSync(1, `${id}\n`)
  }
}

await Promise.all(['a', 'b', 'c', 'd'].map(writeForEver))
