// SPDX-License-Identifier: Apache-2.0
import { parseRelease, type ReleaseUpdate } from '@casemate/policy/release'
import { type Operator, requireRight } from '../access/actor.ts'
import { and, desc, eq, isNotNull } from '../db/drizzle.ts'
import { ConsoleError } from '../error.ts'
import type { Console } from '../organisation/console.ts'
import { requireDesktop } from './assign.ts'
import { previewDraft, type ReleasePreview } from './preview.ts'
import { nextSerial, type ReleaseDraft, type StagedRelease, stageDraft } from './stage.ts'

export interface WantedRollBack {
  readonly desktop: string
  /** Serial of the published release whose content comes back. */
  readonly to: number
  /** Of the new release; what the old one said of its own update is over. */
  readonly update?: ReleaseUpdate | undefined
}

/**
 * Puts a former release's package, policies and title forward under the next serial: devices never go back to a serial, so the old content
 * is approved anew. What those policies loosened then, they loosen again; approvers see them as of any release.
 * @throws ConsoleError `not-found` (desktop, or no published release of that serial), `input-invalid` (it is the newest); PublishError of staging.
 */
export async function rollBackRelease(actor: Operator, console: Console, wanted: WantedRollBack): Promise<StagedRelease> {
  requireRight(actor, 'release:stage')
  return await stageDraft(actor, console, await draftRollBack(actor, console, wanted))
}

/** What that would change, for which devices, and what it sends. @throws ConsoleError as {@link rollBackRelease}. */
export async function previewRollBack(actor: Operator, console: Console, wanted: WantedRollBack): Promise<ReleasePreview> {
  requireRight(actor, 'release:stage')
  return await previewDraft(actor, console, (await draftRollBack(actor, console, wanted)).document)
}

async function draftRollBack(actor: Operator, console: Console, { desktop, to, update }: WantedRollBack): Promise<ReleaseDraft> {
  const { db } = console
  const desktopId = await requireDesktop(db, actor.organisation, desktop)
  const { releases } = db.tables
  const published = await db
    .select({ serial: releases.serial, document: releases.document, packageId: releases.packageId })
    .from(releases)
    .where(and(eq(releases.desktopId, desktopId), isNotNull(releases.publishedAt)))
    .orderBy(desc(releases.serial))
  const former = published.find(({ serial }) => serial === to)
  if (former === undefined) throw new ConsoleError('not-found', `expected a published release ${to} of \`${desktop}\``)
  if (former === published[0])
    throw new ConsoleError('input-invalid', `release ${to} is the newest of \`${desktop}\`: there is nothing to go back from`)
  const { update: _, ...content } = parseRelease(former.document)
  const document = { ...content, serial: await nextSerial(console, desktop), ...(update === undefined ? {} : { update }) }
  return { document, packageId: former.packageId }
}
