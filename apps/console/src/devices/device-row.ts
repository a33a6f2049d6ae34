// SPDX-License-Identifier: Apache-2.0
//
// A device as its row says, parsed once.
import { type EcPublicJwk, ecPublicJwk } from '@casemate/policy/jwk'
import type { Lease } from '@casemate/policy/lease'
import { directoryName, slug } from '@casemate/policy/names'
import { z } from 'zod'
import type { Transaction } from '../db/database.ts'
import { and, eq } from '../db/drizzle.ts'

export interface DeviceRow {
  readonly id: string
  readonly organisation: string
  readonly name: string
  readonly jkt: string
  readonly signingKey: EcPublicJwk
  readonly agreementKey: EcPublicJwk
  readonly state: 'active' | 'suspended' | 'revoked'
  readonly stateReason: string | null
  readonly claims: Lease['claims']
  readonly runtimeVersion: string | null
  /** As last reported: untrusted. */
  readonly facts: unknown
  readonly sessions: unknown
  readonly change: number
  readonly enrolledAt: Date
  readonly lastSeenAt: Date | null
}

const groups = z.array(directoryName)
const tags = z.array(slug)

export async function findDevice(db: Transaction, where: { readonly id: string } | { readonly jkt: string }): Promise<DeviceRow | undefined> {
  const { devices } = db.tables
  const [found] = await db
    .select()
    .from(devices)
    .where('id' in where ? eq(devices.id, where.id) : eq(devices.jkt, where.jkt))
  return found === undefined ? undefined : parseRow(found)
}

export async function listRows(db: Transaction, organisation: string): Promise<readonly DeviceRow[]> {
  const { devices } = db.tables
  const rows = await db
    .select()
    .from(devices)
    .where(and(eq(devices.organisationId, organisation)))
    .orderBy(devices.name, devices.id)
  return rows.map(parseRow)
}

type Row = Awaited<ReturnType<typeof selectAll>>[number]
const selectAll = async (db: Transaction) => await db.select().from(db.tables.devices)

function parseRow(row: Row): DeviceRow {
  return {
    id: row.id,
    organisation: row.organisationId,
    name: row.name,
    jkt: row.jkt,
    signingKey: ecPublicJwk.parse(row.signingKey),
    agreementKey: ecPublicJwk.parse(row.agreementKey),
    state: row.state,
    stateReason: row.stateReason,
    claims: { user: row.userName, groups: groups.parse(row.groups), tags: tags.parse(row.tags), assurance: row.assurance },
    runtimeVersion: row.runtimeVersion,
    facts: row.facts,
    sessions: row.sessions,
    change: row.change,
    enrolledAt: row.enrolledAt,
    lastSeenAt: row.lastSeenAt,
  }
}
