// SPDX-License-Identifier: Apache-2.0
import type { OverrideGrant } from '@casemate/policy/override'
import { type Operator, requireRight } from '../access/actor.ts'
import { desc, eq } from '../db/drizzle.ts'
import { requireRow } from '../devices/list.ts'
import type { Console } from '../organisation/console.ts'
import { readIssued } from './issued.ts'

export interface ListedOverride {
  readonly id: string
  readonly desktop: string
  readonly kind: OverrideGrant['kind']
  readonly grant: OverrideGrant['grant']
  readonly issuedBy: string
  /** Unix seconds. */
  readonly issuedAt: number
  readonly expires: number
  readonly ended: boolean
  readonly token: string
}

const most = 200

/** The newest first. @throws ConsoleError `not-found` */
export async function listOverrides(actor: Operator, console: Pick<Console, 'db' | 'now'>, id: string): Promise<readonly ListedOverride[]> {
  requireRight(actor, 'device:see')
  const device = await requireRow(actor, console, id)
  const { overrides, users } = console.db.tables
  const rows = await console.db
    .select({ token: overrides.token, issuedBy: users.login })
    .from(overrides)
    .innerJoin(users, eq(users.id, overrides.issuedBy))
    .where(eq(overrides.deviceId, device.id))
    .orderBy(desc(overrides.issuedAt), overrides.id)
    .limit(most)
  return rows.map(({ token, issuedBy }) => {
    const { id: own, desktop, kind, grant, iat, exp } = readIssued(token)
    return { ...{ id: own, desktop, kind, grant, issuedBy, issuedAt: iat, expires: exp }, ended: console.now() >= exp, token }
  })
}
