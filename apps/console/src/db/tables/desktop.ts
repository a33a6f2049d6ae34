// SPDX-License-Identifier: Apache-2.0
import type { ColumnKit } from '../sqlite/kit.ts'
import type { defineOrganisations, defineUsers } from './organisation.ts'
import type { definePackages } from './package.ts'

/** What a user sees in the launcher: a line of releases. */
export function defineDesktops(kit: ColumnKit, organisations: ReturnType<typeof defineOrganisations>) {
  return kit.table(
    'desktops',
    {
      id: kit.text().primaryKey(),
      organisationId: kit
        .text()
        .notNull()
        .references(() => organisations.id),
      /** The `<desktop>` of `releases/<desktop>/<serial>.json`. */
      name: kit.text().notNull(),
      title: kit.text().notNull(),
      /** Activations on all devices together; null: any number. */
      activationsAllowed: kit.integer(),
      createdAt: kit.timestamp().notNull(),
    },
    (table) => [kit.uniqueIndex('desktops_name').on(table.organisationId, table.name)],
  )
}

export function defineReleases(
  kit: ColumnKit,
  desktops: ReturnType<typeof defineDesktops>,
  packages: ReturnType<typeof definePackages>,
  users: ReturnType<typeof defineUsers>,
) {
  return kit.table(
    'releases',
    {
      desktopId: kit
        .text()
        .notNull()
        .references(() => desktops.id),
      serial: kit.integer().notNull(),
      packageId: kit
        .text()
        .notNull()
        .references(() => packages.id),
      sha256: kit.text().notNull(),
      document: kit.bytes().notNull(),
      authorId: kit
        .text()
        .notNull()
        .references(() => users.id),
      createdAt: kit.timestamp().notNull(),
      publishedAt: kit.timestamp(),
    },
    (table) => [kit.primaryKey({ columns: [table.desktopId, table.serial] }), kit.index('releases_sha256').on(table.sha256)],
  )
}

/** Who gets a desktop: a lease lists what its device, its user, its groups and its tags are assigned. */
export function defineAssignments(kit: ColumnKit, desktops: ReturnType<typeof defineDesktops>) {
  return kit.table(
    'assignments',
    {
      desktopId: kit
        .text()
        .notNull()
        .references(() => desktops.id),
      subject: kit.text({ enum: ['all', 'device', 'user', 'group', 'tag'] }).notNull(),
      /** Empty for `all`. */
      value: kit.text().notNull(),
      createdAt: kit.timestamp().notNull(),
    },
    (table) => [
      kit.primaryKey({ columns: [table.desktopId, table.subject, table.value] }),
      kit.index('assignments_subject').on(table.subject, table.value),
    ],
  )
}

/** What a package's customization files ask for, by name; sealed under the organisation's key. */
export function defineDesktopSecrets(kit: ColumnKit, desktops: ReturnType<typeof defineDesktops>) {
  return kit.table(
    'desktop_secrets',
    {
      desktopId: kit
        .text()
        .notNull()
        .references(() => desktops.id),
      name: kit.text().notNull(),
      sealed: kit.bytes().notNull(),
      createdAt: kit.timestamp().notNull(),
    },
    (table) => [kit.primaryKey({ columns: [table.desktopId, table.name] })],
  )
}

/** Activation (PO-1) by password or key: checked before the package key is wrapped for a device. */
export function defineActivationSecrets(kit: ColumnKit, desktops: ReturnType<typeof defineDesktops>) {
  return kit.table(
    'activation_secrets',
    {
      id: kit.text().primaryKey(),
      desktopId: kit
        .text()
        .notNull()
        .references(() => desktops.id),
      kind: kit.text({ enum: ['password', 'key'] }).notNull(),
      /** Of a password: argon2id in PHC string form. Of a key, which is random: SHA-256, hexadecimal. */
      hash: kit.text().notNull(),
      uses: kit.integer().notNull().default(0),
      /** Null: any number. */
      usesAllowed: kit.integer(),
      createdAt: kit.timestamp().notNull(),
      revokedAt: kit.timestamp(),
    },
    (table) => [kit.index('activation_secrets_desktop').on(table.desktopId)],
  )
}
