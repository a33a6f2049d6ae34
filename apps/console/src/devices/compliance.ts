// SPDX-License-Identifier: Apache-2.0
//
// What the approved policies give, what the device decided, what it observed: side by side, for every session that it last reported.
import { type AdministratorGrant, verifyAdministratorGrant } from '@casemate/policy/administrator-grant'
import { readAdministratorKey } from '@casemate/policy/administrator-key'
import { complianceOf, type Difference, type SessionReport, sessionReport } from '@casemate/policy/compliance'
import { PolicyError } from '@casemate/policy/error'
import { allSettings } from '@casemate/policy/layers'
import { type Loosening, loosen } from '@casemate/policy/loosening'
import type { SettingValues } from '@casemate/policy/settings'
import { z } from 'zod'
import { type Operator, requireRight } from '../access/actor.ts'
import { and, eq, isNotNull } from '../db/drizzle.ts'
import { ConsoleError } from '../error.ts'
import { issuedTo } from '../help-desk/issued.ts'
import type { Console } from '../organisation/console.ts'
import { assignedReleases } from '../releases/assigned.ts'
import { releaseSettings } from '../releases/values.ts'
import type { DeviceRow } from './device-row.ts'
import { requireRow } from './list.ts'

type Known = Pick<Console, 'db' | 'now' | 'keys'>

export interface SessionCompliance {
  readonly session: string
  readonly instance: string
  readonly desktop: string
  /** Serial of the release it runs, and of the newest that is assigned; null: the desktop is no longer assigned. */
  readonly applied: number
  readonly wanted: number | null
  readonly compliant: boolean
  readonly differences: readonly (
    | Difference
    | { readonly between: 'release'; readonly field: string; readonly wanted: string; readonly found: string }
  )[]
  readonly plan: SessionReport['plan']
  readonly observed: SessionReport['observed']
}

export interface DeviceCompliance {
  readonly device: string
  readonly state: DeviceRow['state']
  /** Unix seconds of the report; null: it never reported. */
  readonly reportedAt: number | null
  readonly compliant: boolean
  readonly sessions: readonly SessionCompliance[]
}

/** @throws ConsoleError `not-found` */
export async function deviceCompliance(actor: Operator, console: Known, id: string): Promise<DeviceCompliance> {
  requireRight(actor, 'device:see')
  const device = await requireRow(actor, console, id)
  const reported = z.array(sessionReport).safeParse(device.sessions ?? [])
  if (!reported.success) throw new ConsoleError('data-invalid', `the sessions of \`${id}\` cannot be read`, { cause: reported.error })
  const wanted = new Map((await assignedReleases(console.db, device)).map(({ desktop, serial }) => [desktop, serial]))
  const sessions = await Promise.all(reported.data.map((session) => judge(console, device, session, wanted.get(session.plan.desktop) ?? null)))
  const reportedAt = device.lastSeenAt === null || device.sessions === null ? null : Math.floor(device.lastSeenAt.getTime() / 1000)
  return { device: id, state: device.state, reportedAt, compliant: sessions.every(({ compliant }) => compliant), sessions }
}

async function judge(console: Known, device: DeviceRow, report: SessionReport, wanted: number | null): Promise<SessionCompliance> {
  const { session, plan, observed, serial, releaseSha256 } = report
  const values = await valuesOf(console, device, report)
  const unknown = { between: 'release' as const, field: 'release', wanted: 'one that was published here', found: releaseSha256 }
  const older = { between: 'release' as const, field: 'serial', wanted: `${wanted ?? 'none'}`, found: `${serial}` }
  const issued = await issuedTo(console, device)
  const administrator = values === null ? null : await administratorOf(device, report, values)
  const granted: readonly Loosening[] = administrator === null ? issued.overrides : [...issued.overrides, administrator]
  const differences = [
    ...(values === null ? [unknown] : []),
    ...(serial === wanted ? [] : [older]),
    ...(plan.overrides ?? []).filter((id) => !issued.ids.has(id) && id !== administrator?.id).map(notGranted),
    ...complianceOf(report, values === null ? null : withGranted(values, device, report, granted)),
  ]
  return {
    ...{ session, instance: plan.instance, desktop: plan.desktop, applied: serial, wanted },
    ...{ compliant: differences.length === 0, differences, plan, observed },
  }
}

/** A device that was granted more is not looser than it should be, for as long as it was granted. */
function withGranted(
  values: SettingValues,
  { organisation, id, jkt, lastSeenAt }: DeviceRow,
  { plan }: SessionReport,
  granted: readonly Loosening[],
) {
  const named = granted.filter((one) => plan.overrides?.includes(one.id) === true)
  const at = Math.floor((lastSeenAt?.getTime() ?? 0) / 1000)
  // Under which lease an administrator signed is judged on the device, which knows the one it has.
  return loosen(values, { iss: organisation, sub: id, cnf: { jkt }, seq: Number.MAX_SAFE_INTEGER }, plan.desktop, named, at).values
}

/** What an administrator signed at the device, where the key of its policies vouches for it; null: nothing that does. */
async function administratorOf(
  { organisation, id, jkt }: DeviceRow,
  { administrator }: SessionReport,
  { 'administrator-mode': mode }: SettingValues,
): Promise<AdministratorGrant | null> {
  if (administrator === undefined || mode.mode === 'off') return null
  try {
    const expected = { issuer: organisation, device: { id, jkt }, key: readAdministratorKey(mode.key).publicJwk }
    return await verifyAdministratorGrant(administrator, expected)
  } catch (error) {
    if (error instanceof PolicyError) return null
    throw error
  }
}

function notGranted(id: string): Difference {
  return { between: 'policy-and-decision', field: 'overrides', wanted: 'only what was granted here', found: id }
}

async function valuesOf({ db, now }: Known, device: DeviceRow, report: SessionReport): Promise<SettingValues | null> {
  const { desktops, releases } = db.tables
  const [found] = await db
    .select({ document: releases.document })
    .from(releases)
    .innerJoin(desktops, eq(desktops.id, releases.desktopId))
    .where(
      and(
        eq(desktops.organisationId, device.organisation),
        eq(desktops.name, report.plan.desktop),
        eq(releases.serial, report.serial),
        eq(releases.sha256, report.releaseSha256),
        isNotNull(releases.publishedAt),
      ),
    )
  return found === undefined ? null : allSettings(await releaseSettings(db, found, device, now()))
}
