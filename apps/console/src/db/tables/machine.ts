// SPDX-License-Identifier: Apache-2.0
import type { ColumnKit } from '../sqlite/kit.ts'
import type { defineOrganisations, defineUsers } from './organisation.ts'

/** Authored machines: hardware, and disks in the console's data folder. */
export function defineMachines(kit: ColumnKit, organisations: ReturnType<typeof defineOrganisations>, users: ReturnType<typeof defineUsers>) {
  return kit.table(
    'machines',
    {
      id: kit.text().primaryKey(),
      organisationId: kit
        .text()
        .notNull()
        .references(() => organisations.id),
      name: kit.text().notNull(),
      hardware: kit.json().notNull(),
      createdBy: kit
        .text()
        .notNull()
        .references(() => users.id),
      createdAt: kit.timestamp().notNull(),
    },
    (table) => [kit.uniqueIndex('machines_name').on(table.organisationId, table.name)],
  )
}

export function defineMachineDisks(kit: ColumnKit, machines: ReturnType<typeof defineMachines>) {
  return kit.table(
    'machine_disks',
    {
      machineId: kit
        .text()
        .notNull()
        .references(() => machines.id, { onDelete: 'cascade' }),
      name: kit.text().notNull(),
      /** Place in the machine; 0 boots. */
      position: kit.integer().notNull(),
      role: kit.text({ enum: ['system', 'user'] }).notNull(),
      state: kit.text({ enum: ['uploading', 'ready'] }).notNull(),
      /** Of the image, as a file, while it is uploading; then of the disk in it. */
      sizeBytes: kit.integer().notNull(),
      /** Name within the folder of disks. */
      file: kit.text().notNull(),
      /** Of the image, as a file, hexadecimal; null while it is uploading. */
      sha256: kit.text(),
    },
    (table) => [kit.primaryKey({ columns: [table.machineId, table.name] })],
  )
}
