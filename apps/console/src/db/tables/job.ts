// SPDX-License-Identifier: Apache-2.0
import type { ColumnKit } from '../sqlite/kit.ts'
import type { defineOrganisations } from './organisation.ts'

/** Long work (sealing, importing). A worker holds a job until `lockedUntil` and renews it; after that anybody may take it. */
export function defineJobs(kit: ColumnKit, organisations: ReturnType<typeof defineOrganisations>) {
  return kit.table(
    'jobs',
    {
      id: kit.text().primaryKey(),
      organisationId: kit
        .text()
        .notNull()
        .references(() => organisations.id),
      kind: kit.text().notNull(),
      request: kit.json().notNull(),
      state: kit.text({ enum: ['waiting', 'running', 'done', 'failed'] }).notNull(),
      progress: kit.json(),
      attempts: kit.integer().notNull().default(0),
      lockedBy: kit.text(),
      lockedUntil: kit.timestamp(),
      /** For people. */
      failure: kit.text(),
      createdAt: kit.timestamp().notNull(),
      endedAt: kit.timestamp(),
    },
    (table) => [kit.index('jobs_state').on(table.state, table.createdAt)],
  )
}
