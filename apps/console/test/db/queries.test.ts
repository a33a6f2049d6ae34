// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { alias, asc, count, desc, eq, gt, sql, sum, union } from '../../src/db/drizzle.ts'
import { accounts, entries } from './bank.ts'
import { openBank } from './scratch.ts'

async function openFilledBank() {
  const { db } = await openBank()
  await db.insert(accounts).values([
    { id: 'a', name: 'Ada', balance: 3 },
    { id: 'b', name: 'Bob', balance: 5 },
    { id: 'c', name: 'Cy', balance: 0 },
  ])
  await db.insert(entries).values([
    { id: 1, accountId: 'a', name: 'rent', amount: 1 },
    { id: 2, accountId: 'a', name: 'tea', amount: 2 },
    { id: 3, accountId: 'b', name: 'rent', amount: 5 },
  ])
  return db
}

test('a join of tables with equal column names keeps every column of both', async () => {
  const db = await openFilledBank()
  const rows = await db.select().from(entries).innerJoin(accounts, eq(accounts.id, entries.accountId)).orderBy(asc(entries.id))
  expect(rows).toEqual([
    { entries: { id: 1, accountId: 'a', name: 'rent', amount: 1 }, accounts: { id: 'a', name: 'Ada', balance: 3 } },
    { entries: { id: 2, accountId: 'a', name: 'tea', amount: 2 }, accounts: { id: 'a', name: 'Ada', balance: 3 } },
    { entries: { id: 3, accountId: 'b', name: 'rent', amount: 5 }, accounts: { id: 'b', name: 'Bob', balance: 5 } },
  ])
})

test('a table joined with itself keeps both sides, and a left join gives null where there is none', async () => {
  const db = await openFilledBank()
  const later = alias(entries, 'later')
  const rows = await db
    .select({ first: entries.name, second: later.name, secondId: later.id })
    .from(entries)
    .leftJoin(later, sql`${later.accountId} = ${entries.accountId} and ${later.id} > ${entries.id}`)
    .orderBy(asc(entries.id))
  expect(rows).toEqual([
    { first: 'rent', second: 'tea', secondId: 2 },
    { first: 'tea', second: null, secondId: null },
    { first: 'rent', second: null, secondId: null },
  ])
  const whole = await db.select().from(accounts).leftJoin(entries, eq(entries.accountId, accounts.id)).where(eq(accounts.id, 'c'))
  expect(whole).toEqual([{ accounts: { id: 'c', name: 'Cy', balance: 0 }, entries: null }])
})

test('expressions without names, equal names and names like numbers keep their places', async () => {
  const db = await openFilledBank()
  const [row] = await db
    .select({
      z: sql<number>`2`,
      y: sql<number>`1`,
      b: sql<string>`'left'`.as('1'),
      a: sql<string>`'right'`.as('0'),
      again: accounts.id,
      id: accounts.id,
    })
    .from(accounts)
    .orderBy(asc(accounts.id))
    .limit(1)
  expect(row).toEqual({ z: 2, y: 1, b: 'left', a: 'right', again: 'a', id: 'a' })
})

test('the order, limit and offset of a select hold, also over a union, a grouping, a subquery and a common table expression', async () => {
  const db = await openFilledBank()
  const page = db.select({ id: entries.id }).from(entries).orderBy(desc(entries.amount)).limit(2).offset(1)
  expect(await page).toEqual([{ id: 2 }, { id: 1 }])
  const names = union(db.select({ name: accounts.name }).from(accounts), db.select({ name: entries.name }).from(entries)).orderBy(desc(sql`name`))
  expect(await names).toEqual([{ name: 'tea' }, { name: 'rent' }, { name: 'Cy' }, { name: 'Bob' }, { name: 'Ada' }])
  const total = sql<number>`sum(${entries.amount})`.mapWith(Number).as('total')
  const groups = db.select({ accountId: entries.accountId, total, rows: count() }).from(entries).groupBy(entries.accountId).orderBy(desc(total))
  expect(await groups).toEqual([
    { accountId: 'b', total: 5, rows: 1 },
    { accountId: 'a', total: 3, rows: 2 },
  ])
  const sums = db
    .select({ accountId: entries.accountId, amount: sum(entries.amount).as('amount') })
    .from(entries)
    .groupBy(entries.accountId)
    .as('sums')
  const joined = db.select().from(accounts).innerJoin(sums, eq(sums.accountId, accounts.id)).orderBy(desc(accounts.name))
  expect((await joined).map((row) => [row.accounts.name, row.sums.accountId, row.sums.amount])).toEqual([
    ['Bob', 'b', '5'],
    ['Ada', 'a', '3'],
  ])
  const rich = db.$with('rich').as(db.select().from(accounts).where(gt(accounts.balance, 1)))
  expect(await db.with(rich).select({ id: rich.id }).from(rich).orderBy(desc(rich.balance))).toEqual([{ id: 'b' }, { id: 'a' }])
})

test('returning gives every field of what was inserted, updated and deleted', async () => {
  const db = await openFilledBank()
  const inserted = await db
    .insert(accounts)
    .values({ id: 'd', name: 'Di', balance: 1 })
    .returning({ one: accounts.id, two: accounts.id, twice: sql<number>`${accounts.balance} * 2` })
  expect(inserted).toEqual([{ one: 'd', two: 'd', twice: 2 }])
  const updated = await db.update(accounts).set({ balance: 9 }).where(eq(accounts.id, 'd')).returning()
  expect(updated).toEqual([{ id: 'd', name: 'Di', balance: 9 }])
  expect(await db.update(accounts).set({ balance: 9 }).where(eq(accounts.id, 'nobody')).returning()).toEqual([])
  const upserted = await db
    .insert(accounts)
    .values({ id: 'd', name: 'Dora', balance: 0 })
    .onConflictDoUpdate({ target: accounts.id, set: { name: sql`excluded.name` } })
    .returning()
  expect(upserted).toEqual([{ id: 'd', name: 'Dora', balance: 9 }])
  expect(await db.delete(accounts).where(eq(accounts.id, 'd')).returning({ name: accounts.name })).toEqual([{ name: 'Dora' }])
})

test('prepared queries take their parameters anew each time', async () => {
  const db = await openFilledBank()
  const byId = db
    .select()
    .from(accounts)
    .where(eq(accounts.id, sql.placeholder('id')))
    .prepare()
  expect(await byId.execute({ id: 'a' })).toEqual([{ id: 'a', name: 'Ada', balance: 3 }])
  expect(await byId.execute({ id: 'b' })).toEqual([{ id: 'b', name: 'Bob', balance: 5 }])
  expect(await byId.execute({ id: 'nobody' })).toEqual([])
})

test('ways to ask that PostgreSQL lacks are refused, awaiting the same query is answered', async () => {
  const db = await openFilledBank()
  const query = db.select({ id: accounts.id }).from(accounts).where(eq(accounts.id, 'a'))
  await expect(query.get()).rejects.toMatchObject({ code: 'raw-query-refused' })
  await expect(query.values()).rejects.toMatchObject({ code: 'raw-query-refused' })
  expect(await query).toEqual([{ id: 'a' }])
})

test('counting counts, with and without a condition', async () => {
  const db = await openFilledBank()
  expect(await db.$count(entries)).toBe(3)
  expect(await db.$count(entries, eq(entries.accountId, 'a'))).toBe(2)
  expect(await db.$count(entries, eq(entries.accountId, 'nobody'))).toBe(0)
})
