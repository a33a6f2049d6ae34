// SPDX-License-Identifier: Apache-2.0
import type { ColumnKit } from '../sqlite/kit.ts'
import type { defineOrganisations, defineUsers } from './organisation.ts'

/** A line of policy documents, and the draft that is being written. */
export function definePolicies(kit: ColumnKit, organisations: ReturnType<typeof defineOrganisations>, users: ReturnType<typeof defineUsers>) {
  return kit.table(
    'policies',
    {
      id: kit.text().primaryKey(),
      organisationId: kit
        .text()
        .notNull()
        .references(() => organisations.id),
      /** The `<name>` of `policies/<name>/<version>.json`. */
      name: kit.text().notNull(),
      /** As written, comments and all. */
      draft: kit.text().notNull(),
      /** Rises with every save: a save that names another one is somebody's overwritten work. */
      draftRevision: kit.integer().notNull(),
      editedBy: kit
        .text()
        .notNull()
        .references(() => users.id),
      editedAt: kit.timestamp().notNull(),
    },
    (table) => [kit.uniqueIndex('policies_name').on(table.organisationId, table.name)],
  )
}

/** Documents put forward for approval; the bytes are what is hashed and signed. */
export function definePolicyVersions(kit: ColumnKit, policies: ReturnType<typeof definePolicies>, users: ReturnType<typeof defineUsers>) {
  return kit.table(
    'policy_versions',
    {
      policyId: kit
        .text()
        .notNull()
        .references(() => policies.id),
      /** As it stands in the path. */
      version: kit.text().notNull(),
      sha256: kit.text().notNull(),
      document: kit.bytes().notNull(),
      authorId: kit
        .text()
        .notNull()
        .references(() => users.id),
      createdAt: kit.timestamp().notNull(),
      /** Null until enough approvers have signed. */
      publishedAt: kit.timestamp(),
    },
    (table) => [kit.primaryKey({ columns: [table.policyId, table.version] }), kit.index('policy_versions_sha256').on(table.sha256)],
  )
}
