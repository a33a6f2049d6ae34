// SPDX-License-Identifier: Apache-2.0
import type { ColumnKit } from '../sqlite/kit.ts'
import type { defineMachines } from './machine.ts'
import type { defineOrganisations, defineUsers } from './organisation.ts'

/** Sealed versions of machines; their chunks are in the object store. */
export function definePackages(
  kit: ColumnKit,
  organisations: ReturnType<typeof defineOrganisations>,
  machines: ReturnType<typeof defineMachines>,
  users: ReturnType<typeof defineUsers>,
) {
  return kit.table(
    'packages',
    {
      id: kit.text().primaryKey(),
      organisationId: kit
        .text()
        .notNull()
        .references(() => organisations.id),
      /** Null: sealed by the CLI, or the machine was deleted. */
      machineId: kit.text().references(() => machines.id, { onDelete: 'set null' }),
      /** `packages/<name>/<version>.json`. */
      name: kit.text().notNull(),
      version: kit.text().notNull(),
      sha256: kit.text().notNull(),
      manifest: kit.bytes().notNull(),
      /** The package key, sealed by the console's own key: never in clear on disk. */
      sealedKey: kit.bytes().notNull(),
      /** Bytes that this version added to the object store; null: not known, it was sealed by the CLI. */
      storedBytes: kit.integer(),
      authorId: kit
        .text()
        .notNull()
        .references(() => users.id),
      createdAt: kit.timestamp().notNull(),
      publishedAt: kit.timestamp(),
    },
    (table) => [
      kit.uniqueIndex('packages_version').on(table.organisationId, table.name, table.version),
      kit.index('packages_sha256').on(table.sha256),
    ],
  )
}
