// SPDX-License-Identifier: Apache-2.0
import type { Transaction } from '../db/database.ts'
import { inArray, sql } from '../db/drizzle.ts'

/** Something is new for these devices: their next check-in is answered at once. Wake them after the commit. */
export async function noteChange(tx: Transaction, devices: readonly string[]): Promise<void> {
  const table = tx.tables.devices
  // Well below SQLite's limit of parameters.
  for (let from = 0; from < devices.length; from += 500) {
    await tx
      .update(table)
      .set({ change: sql`${table.change} + 1` })
      .where(inArray(table.id, devices.slice(from, from + 500)))
  }
}

/** The same for every device: who is between two questions, or knows the new metadata already, would miss the waking. */
export async function noteChangeForAll(tx: Transaction): Promise<void> {
  const table = tx.tables.devices
  await tx.update(table).set({ change: sql`${table.change} + 1` })
}
