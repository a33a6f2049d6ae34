// SPDX-License-Identifier: Apache-2.0
import { parseRelease, type ReleaseUpdate } from '@casemate/policy/release'
import { type Operator, requireRight } from '../access/actor.ts'
import { desc, eq } from '../db/drizzle.ts'
import type { Console } from '../organisation/console.ts'
import { requireDesktop } from './assign.ts'

export interface ReleaseView {
  readonly serial: number
  readonly title: string
  readonly package: { readonly name: string; readonly version: string }
  /** Null: suggested, and no former release is kept on devices. */
  readonly update: ReleaseUpdate | null
  /** Unix seconds; null: it waits for approval, or was withdrawn. */
  readonly publishedAt: number | null
}

/** Every release of a desktop, the newest first. @throws ConsoleError `not-found` (the desktop) */
export async function listReleases(actor: Operator, { db }: Console, desktop: string): Promise<readonly ReleaseView[]> {
  requireRight(actor, 'catalogue:see')
  const desktopId = await requireDesktop(db, actor.organisation, desktop)
  const { releases, packages } = db.tables
  const rows = await db
    .select({
      ...{ serial: releases.serial, document: releases.document, publishedAt: releases.publishedAt },
      ...{ name: packages.name, version: packages.version },
    })
    .from(releases)
    .innerJoin(packages, eq(packages.id, releases.packageId))
    .where(eq(releases.desktopId, desktopId))
    .orderBy(desc(releases.serial))
  return rows.map(({ serial, document, publishedAt, name, version }) => {
    const { title, update = null } = parseRelease(document)
    return { serial, title, package: { name, version }, update, publishedAt: publishedAt === null ? null : Math.floor(publishedAt.getTime() / 1000) }
  })
}
