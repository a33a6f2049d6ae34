// SPDX-License-Identifier: Apache-2.0
//
// Devices as an impact needs them: who they are, what they reported, and since when they have a desktop.
import { facts } from '@casemate/policy/facts'
import type { KnownDevice } from '@casemate/policy/impact'
import { z } from 'zod'
import type { Transaction } from '../db/database.ts'
import { and, eq } from '../db/drizzle.ts'
import { type DeviceRow, listRows } from '../devices/device-row.ts'
import { assignedDesktops } from './assigned.ts'

export interface AssignedDevice {
  readonly name: string
  readonly known: KnownDevice
}

/** By desktop, every device to which it is assigned, in the order of their names. */
export async function assignedDevices(db: Transaction, organisation: string): Promise<ReadonlyMap<string, readonly AssignedDevice[]>> {
  const found = new Map<string, AssignedDevice[]>()
  for (const row of await listRows(db, organisation)) {
    for (const desktop of await assignedDesktops(db, row)) {
      const device = { name: row.name, known: await knownDevice(db, row, desktop) }
      found.set(desktop, [...(found.get(desktop) ?? []), device])
    }
  }
  return found
}

const reported = z.object({ engines: facts.shape.engines })

/** What was reported in another form, by an older runtime, counts as not reported. */
export async function knownDevice(db: Transaction, { id, claims, runtimeVersion, facts: said }: DeviceRow, desktop: string): Promise<KnownDevice> {
  const { desktops, instances } = db.tables
  const activated = await db
    .select({ at: instances.activatedAt })
    .from(instances)
    .innerJoin(desktops, eq(desktops.id, instances.desktopId))
    .where(and(eq(instances.deviceId, id), eq(desktops.name, desktop), eq(instances.state, 'active')))
    .orderBy(instances.activatedAt)
    .limit(1)
  const at = activated[0]?.at
  return {
    ...{ sub: id, claims, runtimeVersion: runtimeVersion ?? '0.0.0' },
    engines: reported.safeParse(said).data?.engines ?? null,
    activatedAt: at === undefined ? null : Math.floor(at.getTime() / 1000),
  }
}
