// SPDX-License-Identifier: Apache-2.0
import type { ColumnKit } from '../sqlite/kit.ts'
import type { defineOrganisations } from './organisation.ts'

/** Who did what, when, from where; each entry holds the hash of the one before it. The other columns repeat the line, to search by. */
export function defineAuditEntries(kit: ColumnKit, organisations: ReturnType<typeof defineOrganisations>) {
  return kit.table(
    'audit_entries',
    {
      organisationId: kit
        .text()
        .notNull()
        .references(() => organisations.id),
      seq: kit.integer().notNull(),
      /** The entry as it is hashed. */
      line: kit.text().notNull(),
      /** SHA-256 of `line`, hexadecimal. */
      hash: kit.text().notNull(),
      at: kit.timestamp().notNull(),
      actor: kit.text().notNull(),
      action: kit.text().notNull(),
      subject: kit.text().notNull(),
    },
    (table) => [
      kit.primaryKey({ columns: [table.organisationId, table.seq] }),
      kit.index('audit_entries_at').on(table.organisationId, table.at),
      kit.index('audit_entries_subject').on(table.organisationId, table.subject),
    ],
  )
}
