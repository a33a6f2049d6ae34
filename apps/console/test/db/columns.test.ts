// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { asc, eq, gt, sql } from '../../src/db/drizzle.ts'
import { type JsonValue, sqliteKit } from '../../src/db/sqlite/kit.ts'
import { openDatabase } from '../../src/db/sqlite/open-database.ts'
import { scratchFolder, writeMigrations } from './scratch.ts'

const samples = sqliteKit.table('samples', {
  id: sqliteKit.integer().primaryKey(),
  whole: sqliteKit.integer(),
  wide: sqliteKit.bigint(),
  flag: sqliteKit.boolean(),
  at: sqliteKit.timestamp(),
  blob: sqliteKit.bytes(),
  note: sqliteKit.text(),
  document: sqliteKit.json(),
})

const script =
  'create table samples (id integer primary key not null, whole integer, wide bigint, flag integer, at integer, blob blob, note text, document text);'

async function openSamples() {
  const folder = await scratchFolder()
  const file = join(folder, 'samples.db')
  const db = await openDatabase({ file, migrations: await writeMigrations(join(folder, 'migrations'), { '0000_samples': script }) })
  onTestFinished(() => db.close())
  return { db, file }
}

test('every kind of column gives back exactly what it took, at its bounds too', async () => {
  const { db } = await openSamples()
  const document: JsonValue = { a: [1, 0.5, 'ü', null, true], b: { c: '"\u0000\u2028' } }
  const rows = [
    {
      id: 1,
      whole: Number.MAX_SAFE_INTEGER,
      wide: 2n ** 63n - 1n,
      flag: true,
      at: new Date(1_764_000_000_123),
      blob: Buffer.alloc(256, 7),
      note: 'é𝄞',
      document,
    },
    {
      id: 2,
      whole: Number.MIN_SAFE_INTEGER,
      wide: -(2n ** 63n),
      flag: false,
      at: new Date(-1),
      blob: Uint8Array.of(0, 255, 0),
      note: 'a\u0000b',
      document: 'text',
    },
    { id: 3, whole: 2 ** 31, wide: 2n ** 53n + 1n, flag: true, at: new Date(0), blob: new Uint8Array(0), note: '', document: [] },
    { id: 4, whole: null, wide: null, flag: null, at: null, blob: null, note: null, document: null },
  ].map((row) => ({ ...row, blob: row.blob === null ? null : new Uint8Array(row.blob) }))
  const returned = await db.insert(samples).values(rows).returning()
  expect(returned).toEqual(rows)
  expect(await db.select().from(samples).orderBy(asc(samples.id))).toEqual(rows)
})

test('wide integers are numbers to the database: they compare and sort as such', async () => {
  const { db } = await openSamples()
  const values = [10n, 9n, 2n ** 60n, -(2n ** 60n)]
  await db.insert(samples).values(values.map((wide, id) => ({ id, wide })))
  const sorted = await db.select({ wide: samples.wide }).from(samples).orderBy(asc(samples.wide))
  expect(sorted.map(({ wide }) => wide)).toEqual([-(2n ** 60n), 9n, 10n, 2n ** 60n])
  expect(await db.$count(samples, gt(samples.wide, 9n))).toBe(2)
  expect(
    await db
      .select({ id: samples.id })
      .from(samples)
      .where(eq(samples.wide, 2n ** 60n)),
  ).toEqual([{ id: 2 }])
})

test('what a column would alter is refused, its neighbour is taken', async () => {
  const { db } = await openSamples()
  const refused: (typeof samples.$inferInsert)[] = [
    { id: 1, whole: 2 ** 53 },
    { id: 1, whole: 0.5 },
    { id: 1, whole: Number.NaN },
    { id: 1, wide: 2n ** 63n },
    { id: 1, wide: -(2n ** 63n) - 1n },
    { id: 1, at: new Date(Number.NaN) },
    { id: 1, document: { value: Number.POSITIVE_INFINITY } },
  ]
  for (const row of refused) {
    await expect((async () => await db.insert(samples).values(row))(), JSON.stringify(Object.keys(row))).rejects.toMatchObject({
      code: 'value-invalid',
    })
  }
  expect(await db.$count(samples)).toBe(0)
  await db.insert(samples).values({ id: 1, whole: 2 ** 53 - 1, wide: 2n ** 63n - 1n, at: new Date(8.64e15), document: { value: Number.MAX_VALUE } })
  expect(await db.$count(samples)).toBe(1)
})

test('a parameter that the binding would turn into something else is refused before anything runs', async () => {
  const { db } = await openSamples()
  for (const value of [undefined, 5n, true, { a: 1 }, Number.NaN, '\ud800', Symbol('s'), new Date()]) {
    await expect((async () => await db.insert(samples).values({ id: 1, note: sql`${sql.param(value)}` }))()).rejects.toMatchObject({
      code: 'parameter-invalid',
    })
  }
  expect(await db.$count(samples)).toBe(0)
  await db.insert(samples).values({ id: 1, note: sql`${sql.param('\u{1f600}')}` })
  expect(await db.select({ note: samples.note }).from(samples)).toEqual([{ note: '\u{1f600}' }])
})

test('an error names the statement and never the values', async () => {
  const { db } = await openSamples()
  await db.insert(samples).values({ id: 1, note: 'first-secret' })
  const failure: unknown = await db
    .insert(samples)
    .values({ id: 1, note: 'second-secret' })
    .then(
      () => undefined,
      (error: unknown) => error,
    )
  expect(failure).toMatchObject({ code: 'unique-violated', message: expect.stringContaining('insert into "samples"') })
  const said = `${failure instanceof Error ? failure.message : ''} ${JSON.stringify(failure)} ${String(failure instanceof Error ? failure.cause : '')}`
  expect(said).not.toContain('secret')
  await db.insert(samples).values({ id: 2, note: 'second-secret' })
})

test('raw statements are refused, whose rows would have no column list; the same question to a builder is answered', async () => {
  const { db } = await openSamples()
  for (const name of ['all', 'get', 'run', 'values']) {
    const method: unknown = Reflect.get(db, name)
    if (typeof method !== 'function') throw new Error(`drizzle has no \`${name}\` any more`)
    const ask = async () => await method.call(db, sql`select 1 as id, 2 as id`)
    await expect(ask(), name).rejects.toSatisfy((error: unknown) => codesOf(error).includes('raw-query-refused'))
  }
  await db.insert(samples).values({ id: 1 })
  expect(await db.select({ one: sql`1`, two: sql`2` }).from(samples)).toEqual([{ one: 1, two: 2 }])
})

/** Drizzle wraps what a raw `run` throws. */
function codesOf(error: unknown): readonly unknown[] {
  if (!(error instanceof Error)) return []
  return ['code' in error ? error.code : undefined, ...codesOf(error.cause)]
}
