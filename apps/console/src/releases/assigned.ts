// SPDX-License-Identifier: Apache-2.0
import type { Transaction } from '../db/database.ts'
import { and, eq, inArray, isNotNull, max, or } from '../db/drizzle.ts'
import type { DeviceRow } from '../devices/device-row.ts'

export interface AssignedRelease {
  readonly desktopId: string
  readonly desktop: string
  readonly serial: number
  readonly sha256: string
  readonly document: Uint8Array
  readonly packageId: string
}

/** The newest published release of every desktop that a device gets: by itself, its user, its groups or its tags. */
export async function assignedReleases(db: Transaction, device: DeviceRow): Promise<readonly AssignedRelease[]> {
  const { desktops, releases } = db.tables
  const wanted = assignedTo(db, device)
  const newest = db
    .select({ desktopId: releases.desktopId, serial: max(releases.serial).as('newest_serial') })
    .from(releases)
    .where(isNotNull(releases.publishedAt))
    .groupBy(releases.desktopId)
    .as('newest')
  return await db
    .select({
      desktopId: releases.desktopId,
      desktop: desktops.name,
      serial: releases.serial,
      sha256: releases.sha256,
      document: releases.document,
      packageId: releases.packageId,
    })
    .from(releases)
    .innerJoin(newest, and(eq(newest.desktopId, releases.desktopId), eq(newest.serial, releases.serial)))
    .innerJoin(desktops, eq(desktops.id, releases.desktopId))
    .where(and(eq(desktops.organisationId, device.organisation), inArray(releases.desktopId, wanted)))
    .orderBy(desktops.name)
}

/** Names of the desktops that a device gets, published or not. */
export async function assignedDesktops(db: Transaction, device: DeviceRow): Promise<readonly string[]> {
  const { desktops } = db.tables
  const rows = await db
    .select({ name: desktops.name })
    .from(desktops)
    .where(and(eq(desktops.organisationId, device.organisation), inArray(desktops.id, assignedTo(db, device))))
  return rows.map(({ name }) => name)
}

function assignedTo(db: Transaction, { id, claims }: DeviceRow) {
  const { assignments } = db.tables
  const given = (subject: 'device' | 'user' | 'group' | 'tag', values: readonly string[]) =>
    values.length === 0 ? undefined : and(eq(assignments.subject, subject), inArray(assignments.value, [...values]))
  return db
    .select({ id: assignments.desktopId })
    .from(assignments)
    .where(
      or(
        eq(assignments.subject, 'all'),
        given('device', [id]),
        given('user', claims.user === null ? [] : [claims.user]),
        given('group', claims.groups),
        given('tag', claims.tags),
      ),
    )
}
