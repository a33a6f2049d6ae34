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
  const activatedAt = await readActivations(db, organisation)
  const found = new Map<string, AssignedDevice[]>()
  for (const row of await listRows(db, organisation)) {
    for (const desktop of await assignedDesktops(db, row)) {
      found.set(desktop, [...(found.get(desktop) ?? []), { name: row.name, known: knownDevice(row, activatedAt(row.id, desktop)) }])
    }
  }
  return found
}

export async function readKnownDevice(db: Transaction, row: DeviceRow, desktop: string): Promise<KnownDevice> {
  return knownDevice(row, (await readActivations(db, row.organisation, row.id))(row.id, desktop))
}

const reported = z.object({ engines: facts.shape.engines })

/** What was reported in another form, by an older runtime, counts as not reported. */
function knownDevice({ id, claims, runtimeVersion, facts: said }: DeviceRow, activatedAt: number | null): KnownDevice {
  const engines = reported.safeParse(said).data?.engines ?? null
  return { sub: id, claims, runtimeVersion: runtimeVersion ?? '0.0.0', engines, activatedAt }
}

type ActivatedAt = (device: string, desktop: string) => number | null

/** Of the oldest active instance, in Unix seconds. @param device of this one alone */
async function readActivations(db: Transaction, organisation: string, device?: string): Promise<ActivatedAt> {
  const { desktops, instances } = db.tables
  const active = and(eq(desktops.organisationId, organisation), eq(instances.state, 'active'))
  const rows = await db
    .select({ device: instances.deviceId, desktop: desktops.name, at: instances.activatedAt })
    .from(instances)
    .innerJoin(desktops, eq(desktops.id, instances.desktopId))
    .where(device === undefined ? active : and(active, eq(instances.deviceId, device)))
    .orderBy(instances.activatedAt)
  const oldest = new Map<string, number>()
  for (const row of rows) {
    const key = `${row.device} ${row.desktop}`
    if (!oldest.has(key)) oldest.set(key, Math.floor(row.at.getTime() / 1000))
  }
  return (id, desktop) => oldest.get(`${id} ${desktop}`) ?? null
}
