// SPDX-License-Identifier: Apache-2.0
import type { Transaction } from '../db/database.ts'
import { and, desc, eq, isNotNull } from '../db/drizzle.ts'

/** The newest published release of a desktop; null: none is. */
export async function newestRelease(
  db: Transaction,
  organisation: string,
  desktop: string,
): Promise<{ readonly serial: number; readonly document: Uint8Array } | null> {
  const { desktops, releases } = db.tables
  const [found] = await db
    .select({ serial: releases.serial, document: releases.document })
    .from(releases)
    .innerJoin(desktops, eq(desktops.id, releases.desktopId))
    .where(and(eq(desktops.organisationId, organisation), eq(desktops.name, desktop), isNotNull(releases.publishedAt)))
    .orderBy(desc(releases.serial))
    .limit(1)
  return found ?? null
}
