// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import type { Transaction } from '../../src/db/database.ts'
import { asc, eq, sql } from '../../src/db/drizzle.ts'
import { accounts, entries } from './bank.ts'
import { openBank } from './scratch.ts'

const idsIn = async (db: Transaction) => (await db.select({ id: accounts.id }).from(accounts).orderBy(asc(accounts.id))).map(({ id }) => id)
const account = (id: string) => ({ id, name: id, balance: 0 })

test('a transaction is seen by others all at once, when it commits, and gives its result', async () => {
  const { db } = await openBank()
  const written = Promise.withResolvers<void>()
  const mayCommit = Promise.withResolvers<void>()
  const transaction = db.transaction(async (tx) => {
    await tx.insert(accounts).values(account('a'))
    await tx.insert(accounts).values(account('b'))
    written.resolve()
    await mayCommit.promise
    return await idsIn(tx)
  })
  await written.promise
  expect(await idsIn(db)).toEqual([])
  mayCommit.resolve()
  expect(await transaction).toEqual(['a', 'b'])
  expect(await idsIn(db)).toEqual(['a', 'b'])
})

test("another caller's statement waits for the transaction and is not undone with it", async () => {
  const { db } = await openBank()
  const inside = Promise.withResolvers<void>()
  const order: string[] = []
  const doomed = db.transaction(async (tx) => {
    await tx.insert(accounts).values(account('doomed'))
    inside.resolve()
    // The other insert is asked for now and must not run between these two.
    expect(await idsIn(tx)).toEqual(['doomed'])
    await tx.insert(accounts).values(account('doomed-too'))
    order.push('transaction ends')
    throw new Error('changed my mind')
  })
  await inside.promise
  const other = db
    .insert(accounts)
    .values(account('other'))
    .then(() => order.push('other done'))
  await expect(doomed).rejects.toThrow('changed my mind')
  await other
  expect(order).toEqual(['transaction ends', 'other done'])
  expect(await idsIn(db)).toEqual(['other'])
})

test('an error in the work undoes all of it and comes out as it was thrown', async () => {
  const { db } = await openBank()
  const thrown = new Error('mine')
  await expect(
    db.transaction(async (tx) => {
      await tx.insert(accounts).values(account('a'))
      throw thrown
    }),
  ).rejects.toBe(thrown)
  expect(await idsIn(db)).toEqual([])
  await db.transaction(async (tx) => {
    await tx.insert(accounts).values(account('a'))
  })
  expect(await idsIn(db)).toEqual(['a'])
})

test('a failing constraint undoes the transaction, is told apart by its code, and the same work passes without the fault', async () => {
  const { db } = await openBank()
  const faults = [
    ['unique-violated', (tx: Transaction) => tx.insert(accounts).values(account('a')).execute()],
    ['reference-violated', (tx: Transaction) => tx.insert(entries).values({ id: 1, accountId: 'nobody', name: 'x', amount: 1 }).execute()],
    ['constraint-violated', (tx: Transaction) => tx.update(accounts).set({ balance: -1 }).execute()],
    ['query-failed', (tx: Transaction) => tx.update(accounts).set({ balance: sql`no_such_function()` }).execute()],
  ] as const
  for (const [code, fault] of faults) {
    const work = db.transaction(async (tx) => {
      await tx.insert(accounts).values(account('a'))
      await fault(tx)
    })
    await expect(work).rejects.toMatchObject({ code })
    expect(await idsIn(db)).toEqual([])
  }
  await db.transaction(async (tx) => {
    await tx.insert(accounts).values(account('a'))
    await tx.insert(entries).values({ id: 1, accountId: 'a', name: 'x', amount: 1 })
  })
  expect(await db.$count(entries)).toBe(1)
})

test('a statement that failed ends its transaction even if the error is swallowed', async () => {
  const { db } = await openBank()
  const swallowing = db.transaction(async (tx) => {
    await tx.insert(accounts).values(account('a'))
    await expect(tx.insert(accounts).values(account('a')).execute()).rejects.toMatchObject({ code: 'unique-violated' })
    await expect(idsIn(tx)).rejects.toMatchObject({ code: 'transaction-aborted' })
  })
  await expect(swallowing).rejects.toMatchObject({ code: 'transaction-aborted', cause: { code: 'unique-violated' } })
  expect(await idsIn(db)).toEqual([])
})

test('a nested transaction that fails is undone alone, one that succeeds shares the fate of the outer one', async () => {
  const { db } = await openBank()
  await db.transaction(async (tx) => {
    await tx.insert(accounts).values(account('outer'))
    await tx.transaction(async (inner) => {
      await inner.insert(accounts).values(account('kept'))
      await expect(
        inner.transaction(async (innermost) => {
          await innermost.insert(accounts).values(account('gone'))
          await innermost.insert(accounts).values(account('gone'))
        }),
      ).rejects.toMatchObject({ code: 'unique-violated' })
      expect(await idsIn(inner)).toEqual(['kept', 'outer'])
    })
  })
  expect(await idsIn(db)).toEqual(['kept', 'outer'])
  const undone = db.transaction(async (tx) => {
    await tx.transaction(async (inner) => {
      await inner.insert(accounts).values(account('released'))
    })
    expect(await idsIn(tx)).toContain('released')
    throw new Error('outer fails')
  })
  await expect(undone).rejects.toThrow('outer fails')
  expect(await idsIn(db)).toEqual(['kept', 'outer'])
})

test('nested transactions started side by side take turns, and each is undone alone', async () => {
  const { db } = await openBank()
  await db.transaction(async (tx) => {
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) =>
        tx.transaction(async (inner) => {
          await inner.insert(accounts).values(account(`n${index}`))
          expect(await inner.$count(accounts, eq(accounts.id, `n${index}`))).toBe(1)
          if (index % 2 === 1) throw new Error('odd')
        }),
      ),
    )
    expect(results.map(({ status }) => status === 'fulfilled')).toEqual(Array.from({ length: 10 }, (_, index) => index % 2 === 0))
  })
  expect(await idsIn(db)).toEqual(['n0', 'n2', 'n4', 'n6', 'n8'])
})

test('the outer handle inside a transaction is an error and not a deadlock; the given handle works', async () => {
  const { db } = await openBank()
  const misuses: ((tx: Transaction) => Promise<unknown>)[] = [
    () => db.insert(accounts).values(account('x')).execute(),
    () => db.select().from(accounts).execute(),
    () => Promise.resolve(db.$count(accounts)),
    () => db.transaction(async () => 'never'),
    () => db.close(),
    (tx) => tx.transaction(() => tx.insert(accounts).values(account('x')).execute()),
    (tx) => tx.transaction(() => db.insert(accounts).values(account('x')).execute()),
    (tx) => tx.transaction((inner) => inner.transaction(() => tx.$count(accounts).then((n) => n))),
  ]
  for (const misuse of misuses) {
    await expect(db.transaction(misuse)).rejects.toMatchObject({ code: 'transaction-bypassed' })
  }
  await db.transaction((tx) => tx.transaction((inner) => inner.insert(accounts).values(account('x')).execute()))
  expect(await idsIn(db)).toEqual(['x'])
})

test('a handle that outlives its transaction is refused; work that outlives it may use the outer handle', async () => {
  const { db } = await openBank()
  const leaked = await db.transaction(async (tx) => tx)
  await expect(leaked.insert(accounts).values(account('late')).execute()).rejects.toMatchObject({ code: 'transaction-closed' })
  const ended = Promise.withResolvers<void>()
  const detached = await db.transaction(async () => ({ work: ended.promise.then(() => db.insert(accounts).values(account('later')).execute()) }))
  ended.resolve()
  await detached.work
  expect(await idsIn(db)).toEqual(['later'])
})

test('statements that the work did not wait for are committed with it, or undone with it', async () => {
  const { db } = await openBank()
  const started: Promise<unknown>[] = []
  await db.transaction(async (tx) => {
    started.push(tx.insert(accounts).values(account('a')).execute(), tx.insert(accounts).values(account('b')).execute())
  })
  expect(await idsIn(db)).toEqual(['a', 'b'])
  const undone = db.transaction(async (tx) => {
    const statements = ['c', 'd', 'e'].map((id) => tx.insert(accounts).values(account(id)).execute())
    started.push(Promise.allSettled(statements))
    throw new Error('no')
  })
  await expect(undone).rejects.toThrow('no')
  await Promise.all(started)
  expect(await idsIn(db)).toEqual(['a', 'b'])
})

test('of two statements started together the second is refused when the first fails', async () => {
  const { db } = await openBank()
  await db.insert(accounts).values(account('a'))
  const results: PromiseSettledResult<unknown>[] = []
  const work = db.transaction(async (tx) => {
    results.push(...(await Promise.allSettled(['a', 'b'].map((id) => tx.insert(accounts).values(account(id)).execute()))))
  })
  await expect(work).rejects.toMatchObject({ code: 'transaction-aborted' })
  expect(results).toMatchObject([{ reason: { code: 'unique-violated' } }, { reason: { code: 'transaction-aborted' } }])
  expect(await idsIn(db)).toEqual(['a'])
})

test('a statement under way when the work fails is undone with it, and the handle is dead afterwards', async () => {
  const { db } = await openBank()
  const fail = async (start: (tx: Transaction) => Promise<unknown>) => {
    const started: Promise<unknown>[] = []
    const handles: Transaction[] = []
    const work = db.transaction(async (tx) => {
      handles.push(tx)
      started.push(start(tx))
      throw new Error('no')
    })
    await expect(work).rejects.toThrow('no')
    await Promise.allSettled(started)
    return handles
  }
  await fail((tx) => tx.insert(accounts).values(account('a')).execute())
  // A statement of another shape has to be prepared first: it must not reach the database after the roll-back.
  const handles = await fail((tx) =>
    tx
      .insert(accounts)
      .values([account('b'), account('c')])
      .execute(),
  )
  for (const tx of handles) await expect(tx.insert(accounts).values(account('late')).execute()).rejects.toMatchObject({ code: 'transaction-closed' })
  expect(await idsIn(db)).toEqual([])
})

test('two databases do not mind each other: one may be used inside a transaction of the other', async () => {
  const [first, second] = [await openBank(), await openBank()]
  await first.db.transaction(async (tx) => {
    await tx.insert(accounts).values(account('a'))
    await second.db.insert(accounts).values(account('b'))
  })
  expect(await idsIn(first.db)).toEqual(['a'])
  expect(await idsIn(second.db)).toEqual(['b'])
})
