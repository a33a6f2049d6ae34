// SPDX-License-Identifier: Apache-2.0
import type { ColumnKit } from '../sqlite/kit.ts'
import type { defineDevices } from './device.ts'

/** How far each device's journal has been received without a gap. */
export function defineJournalHeads(kit: ColumnKit, devices: ReturnType<typeof defineDevices>) {
  return kit.table('journal_heads', {
    deviceId: kit
      .text()
      .primaryKey()
      .references(() => devices.id),
    seq: kit.integer().notNull(),
    /** SHA-256 of the last raw line, hexadecimal. */
    head: kit.text().notNull(),
    /** The signed receipt that the device was given for it. */
    receipt: kit.text().notNull(),
    receivedAt: kit.timestamp().notNull(),
    /** The last count of each counted event. */
    counts: kit.json().notNull(),
    /** The first fault that was found stays until somebody has looked. */
    fault: kit.text({ enum: ['entry-invalid', 'gap', 'fork', 'broken', 'clock', 'count-fell', 'checkpoint'] }),
    faultMessage: kit.text(),
    faultAt: kit.timestamp(),
  })
}

/** Signed excerpts of journals, as they came. */
export function defineReports(kit: ColumnKit, devices: ReturnType<typeof defineDevices>) {
  return kit.table(
    'reports',
    {
      id: kit.text().primaryKey(),
      deviceId: kit
        .text()
        .notNull()
        .references(() => devices.id),
      firstSeq: kit.integer().notNull(),
      lastSeq: kit.integer().notNull(),
      head: kit.text().notNull(),
      body: kit.bytes().notNull(),
      /** False: refused, and kept as evidence. */
      accepted: kit.boolean().notNull(),
      receivedAt: kit.timestamp().notNull(),
    },
    (table) => [kit.index('reports_device').on(table.deviceId, table.lastSeq), kit.index('reports_received').on(table.receivedAt)],
  )
}
