// SPDX-License-Identifier: Apache-2.0
import { type Operator, requireRight } from '../access/actor.ts'
import { and, eq, inArray } from '../db/drizzle.ts'
import { ConsoleError } from '../error.ts'
import type { Console } from '../organisation/console.ts'
import { assignedReleases } from '../releases/assigned.ts'
import { type DeviceRow, findDevice, listRows } from './device-row.ts'

/** Instants are Unix seconds. */
export interface DeviceSummary {
  readonly id: string
  readonly name: string
  readonly state: DeviceRow['state']
  readonly stateReason: string | null
  readonly user: string | null
  readonly groups: readonly string[]
  readonly tags: readonly string[]
  readonly assurance: 'software' | 'tpm'
  readonly runtimeVersion: string | null
  readonly enrolledAt: number
  readonly lastSeenAt: number | null
  readonly lease: { readonly seq: number; readonly action: 'run' | 'suspend'; readonly expires: number } | null
  /** Its lease has ended and nothing was heard since. */
  readonly silent: boolean
}

export interface WantedDesktop {
  readonly desktop: string
  readonly wanted: number
  /** Of each activated instance, as last reported. */
  readonly instances: readonly { readonly name: string; readonly applied: number | null }[]
}

export async function listDevices(actor: Operator, console: Pick<Console, 'db' | 'now'>): Promise<readonly DeviceSummary[]> {
  requireRight(actor, 'device:see')
  const rows = await listRows(console.db, actor.organisation)
  return await Promise.all(rows.map((row) => summarise(console, row)))
}

/** @throws ConsoleError `not-found` */
export async function showDevice(
  actor: Operator,
  console: Pick<Console, 'db' | 'now'>,
  id: string,
): Promise<DeviceSummary & { readonly desktops: readonly WantedDesktop[] }> {
  requireRight(actor, 'device:see')
  const row = await requireRow(actor, console, id)
  const assigned = await assignedReleases(console.db, row)
  const { instances } = console.db.tables
  const desktops = assigned.map(({ desktopId }) => desktopId)
  const activated =
    desktops.length === 0
      ? []
      : await console.db
          .select()
          .from(instances)
          .where(and(eq(instances.deviceId, id), inArray(instances.desktopId, desktops), eq(instances.state, 'active')))
  return {
    ...(await summarise(console, row)),
    desktops: assigned.map(({ desktop, desktopId, serial }) => ({
      desktop,
      wanted: serial,
      instances: activated
        .filter((instance) => instance.desktopId === desktopId)
        .map(({ name, appliedSerial }) => ({ name, applied: appliedSerial })),
    })),
  }
}

/** Unknown, and of another organisation, are one. @throws ConsoleError `not-found` */
export async function requireRow(actor: Operator, { db }: Pick<Console, 'db'>, id: string): Promise<DeviceRow> {
  const row = await findDevice(db, { id })
  if (row === undefined || row.organisation !== actor.organisation) throw new ConsoleError('not-found', `there is no device \`${id}\``)
  return row
}

async function summarise({ db, now }: Pick<Console, 'db' | 'now'>, row: DeviceRow): Promise<DeviceSummary> {
  const { leases } = db.tables
  const [lease] = await db.select().from(leases).where(eq(leases.deviceId, row.id))
  const expires = lease === undefined ? null : seconds(lease.expiresAt)
  const seen = row.lastSeenAt === null ? null : seconds(row.lastSeenAt)
  return {
    ...{ id: row.id, name: row.name, state: row.state, stateReason: row.stateReason },
    ...{ user: row.claims.user, groups: row.claims.groups, tags: row.claims.tags, assurance: row.claims.assurance },
    ...{ runtimeVersion: row.runtimeVersion, enrolledAt: seconds(row.enrolledAt), lastSeenAt: seen },
    lease: lease === undefined || expires === null ? null : { seq: lease.seq, action: lease.action, expires },
    silent: expires !== null && now() >= expires && (seen === null || seen < expires),
  }
}

const seconds = (at: Date): number => Math.floor(at.getTime() / 1000)
