// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { eq, sql } from '../../src/db/drizzle.ts'
import { accounts, entries } from './bank.ts'
import { openBank } from './scratch.ts'

const total = sql<number>`sum(${accounts.balance})`

test('of many writers at once nothing is lost: every increment by reading and writing back arrives', async () => {
  const { db } = await openBank()
  await db.insert(accounts).values({ id: 'a', name: 'a', balance: 0 })
  await Promise.all(
    Array.from({ length: 200 }, (_, id) =>
      db.transaction(async (tx) => {
        const [row] = await tx.select({ balance: accounts.balance }).from(accounts).where(eq(accounts.id, 'a'))
        await tx.insert(entries).values({ id, accountId: 'a', name: 'one', amount: 1 })
        await tx.update(accounts).set({ balance: (row?.balance ?? Number.NaN) + 1 })
      }),
    ),
  )
  expect(await db.select().from(accounts)).toEqual([{ id: 'a', name: 'a', balance: 200 }])
  expect(await db.$count(entries)).toBe(200)
})

test('readers beside writers never see half a transaction, and see what they wrote before', async () => {
  const { db } = await openBank()
  await db.insert(accounts).values(['a', 'b', 'c', 'd'].map((id) => ({ id, name: id, balance: 1_000 })))
  const move = (from: string, to: string, amount: number) =>
    db.transaction(async (tx) => {
      await tx
        .update(accounts)
        .set({ balance: sql`${accounts.balance} - ${amount}` })
        .where(eq(accounts.id, from))
      await tx
        .update(accounts)
        .set({ balance: sql`${accounts.balance} + ${amount}` })
        .where(eq(accounts.id, to))
    })
  const seen: unknown[] = []
  const writing = Promise.all(
    Array.from({ length: 150 }, (_, index) => move('abcd'[index % 4] ?? 'a', 'abcd'[(index + 1 + (index % 3)) % 4] ?? 'b', 1 + (index % 5))),
  )
  let open = true
  const readForAsLong = async () => {
    while (open) for (const row of await db.select({ total }).from(accounts)) seen.push(row.total)
  }
  const reading = Promise.all([readForAsLong(), readForAsLong(), readForAsLong(), readForAsLong()])
  const own = Promise.all(
    Array.from({ length: 50 }, async (_, id) => {
      await db.insert(entries).values({ id, accountId: 'a', name: 'own', amount: id })
      return await db.$count(entries, eq(entries.id, id))
    }),
  )
  await writing
  expect(await own).toEqual(Array.from({ length: 50 }, () => 1))
  open = false
  await reading
  expect(seen.length).toBeGreaterThan(10)
  expect(new Set(seen)).toEqual(new Set([4_000]))
})

test('reads go on while a transaction is open, more of them at once than there are readers', async () => {
  const { db } = await openBank()
  await db.insert(accounts).values({ id: 'a', name: 'a', balance: 1 })
  await db.transaction(async (tx) => {
    await tx.update(accounts).set({ balance: 2 })
  })
  const mayEnd = Promise.withResolvers<void>()
  const inside = Promise.withResolvers<void>()
  const transaction = db.transaction(async (tx) => {
    await tx.update(accounts).set({ balance: 3 })
    inside.resolve()
    await mayEnd.promise
  })
  await inside.promise
  const reads = await Promise.all(Array.from({ length: 40 }, () => db.select({ balance: accounts.balance }).from(accounts)))
  expect(new Set(reads.flat().map(({ balance }) => balance))).toEqual(new Set([2]))
  mayEnd.resolve()
  await transaction
  expect(await db.select({ balance: accounts.balance }).from(accounts)).toEqual([{ balance: 3 }])
})

test('writers are served in the order in which they asked', async () => {
  const { db } = await openBank()
  const done: number[] = []
  await Promise.all(
    Array.from({ length: 30 }, (_, index) =>
      db
        .insert(accounts)
        .values({ id: String(index), name: 'x', balance: 0 })
        .then(() => done.push(index)),
    ),
  )
  expect(done).toEqual(Array.from({ length: 30 }, (_, index) => index))
})

test('closing waits for what was asked for before, and refuses what comes after', async () => {
  const { db } = await openBank()
  const asked = [
    db.insert(accounts).values({ id: 'a', name: 'a', balance: 0 }).execute(),
    db.transaction((tx) => tx.select().from(accounts).execute()),
  ]
  const reads = Array.from({ length: 10 }, () => db.select().from(accounts).execute())
  const closing = db.close()
  const tooLate = db.insert(accounts).values({ id: 'b', name: 'b', balance: 0 }).execute()
  await expect(tooLate).rejects.toMatchObject({ code: 'database-closed' })
  await Promise.all([...asked, ...reads])
  await closing
  await db.close()
  await expect(db.select().from(accounts).execute()).rejects.toMatchObject({ code: 'database-closed' })
  await expect(db.insert(accounts).values({ id: 'b', name: 'b', balance: 0 }).execute()).rejects.toMatchObject({ code: 'database-closed' })
  await expect(db.transaction(async () => 1)).rejects.toMatchObject({ code: 'database-closed' })
})
