// SPDX-License-Identifier: Apache-2.0
//
// Long work, its state kept in the database, so that every page and the next start of the console know of it.
import { randomUUID } from 'node:crypto'
import { type Operator, requireRight } from '../access/actor.ts'
import { desc, eq, inArray } from '../db/drizzle.ts'
import type { Console } from '../organisation/console.ts'

export interface JobView {
  readonly id: string
  readonly kind: string
  readonly state: 'waiting' | 'running' | 'done' | 'failed'
  readonly request: unknown
  readonly progress: unknown
  /** For people. */
  readonly failure: string | null
  /** Unix seconds. */
  readonly createdAt: number
  readonly endedAt: number | null
}

export type JobProgress = {
  /** Bytes. */
  readonly done: number
  readonly total: number
  /** Of the last seconds; null: not known. */
  readonly bytesPerSecond: number | null
  readonly secondsLeft: number | null
  /** What the work's author should know, for people. */
  readonly notes: readonly string[]
}

const shown = 100

export async function listJobs(actor: Operator, { db }: Console): Promise<readonly JobView[]> {
  requireRight(actor, 'catalogue:see')
  const { jobs } = db.tables
  const rows = await db.select().from(jobs).where(eq(jobs.organisationId, actor.organisation)).orderBy(desc(jobs.createdAt)).limit(shown)
  return rows.map(({ id, kind, state, request, progress, failure, createdAt, endedAt }) => ({
    ...{ id, kind, state, request, progress, failure, createdAt: Math.floor(createdAt.getTime() / 1000) },
    endedAt: endedAt === null ? null : Math.floor(endedAt.getTime() / 1000),
  }))
}

type Change = { readonly state?: 'done' | 'failed'; readonly progress?: JobProgress; readonly failure?: string }

export async function beginJob(
  { db, organisation, now }: Console,
  kind: string,
  request: { readonly [key: string]: string | { readonly [key: string]: string } },
): Promise<string> {
  const id = randomUUID()
  const at = new Date(now() * 1000)
  await db.insert(db.tables.jobs).values({ id, organisationId: organisation.id, kind, request, state: 'running', attempts: 1, createdAt: at })
  return id
}

export async function changeJob({ db, now }: Console, id: string, change: Change): Promise<void> {
  const { jobs } = db.tables
  const endedAt = change.state === undefined ? {} : { endedAt: new Date(now() * 1000) }
  await db
    .update(jobs)
    .set({ ...change, ...endedAt })
    .where(eq(jobs.id, id))
}

/** At a start of the console: what ran in the last one ran into its end. */
export async function failInterrupted({ db, now }: Console): Promise<void> {
  const { jobs } = db.tables
  const failure = 'the console was stopped meanwhile; begin it again, and what was stored is used'
  await db
    .update(jobs)
    .set({ state: 'failed', failure, endedAt: new Date(now() * 1000) })
    .where(inArray(jobs.state, ['waiting', 'running']))
}
