// SPDX-License-Identifier: Apache-2.0
import type { ColumnKit } from '../sqlite/kit.ts'
import type { defineDesktops } from './desktop.ts'
import type { defineDevices } from './device.ts'
import type { defineUsers } from './organisation.ts'

/** What help desks granted single devices beyond their policies. */
export function defineOverrides(
  kit: ColumnKit,
  devices: ReturnType<typeof defineDevices>,
  desktops: ReturnType<typeof defineDesktops>,
  users: ReturnType<typeof defineUsers>,
) {
  return kit.table(
    'overrides',
    {
      /** As the token names it. */
      id: kit.text().primaryKey(),
      deviceId: kit
        .text()
        .notNull()
        .references(() => devices.id),
      desktopId: kit
        .text()
        .notNull()
        .references(() => desktops.id),
      kind: kit.text({ enum: ['extension', 'exception', 'reset', 'move'] }).notNull(),
      /** The signed token; it holds no secret. */
      token: kit.text().notNull(),
      issuedBy: kit
        .text()
        .notNull()
        .references(() => users.id),
      issuedAt: kit.timestamp().notNull(),
      expiresAt: kit.timestamp().notNull(),
    },
    (table) => [kit.index('overrides_device').on(table.deviceId, table.expiresAt)],
  )
}

/** Rescue codes that were read out; a code itself derives from a sealed key and is kept nowhere. */
export function defineRescueCodes(kit: ColumnKit, devices: ReturnType<typeof defineDevices>, users: ReturnType<typeof defineUsers>) {
  return kit.table(
    'rescue_codes',
    {
      deviceId: kit
        .text()
        .notNull()
        .references(() => devices.id),
      /** Of the lease that commits to it. */
      seq: kit.integer().notNull(),
      problem: kit.text({ enum: ['expired', 'offline', 'locked'] }).notNull(),
      /** From 0. */
      number: kit.integer().notNull(),
      issuedBy: kit
        .text()
        .notNull()
        .references(() => users.id),
      issuedAt: kit.timestamp().notNull(),
    },
    (table) => [kit.primaryKey({ columns: [table.deviceId, table.seq, table.problem, table.number] })],
  )
}
