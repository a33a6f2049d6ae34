// SPDX-License-Identifier: Apache-2.0
//
// PO-22: what the help desk grants one device beyond its policies, for a time. What the policies in force do not allow is not signed; a
// device would give it no effect. It goes out with the device's next contact, and can be handed over as a text.
import { encodeBase64url } from '@casemate/policy/base64url'
import { isAllowed } from '@casemate/policy/loosening'
import { type Override, type OverrideGrant, override, overrideTyp } from '@casemate/policy/override'
import { signToken } from '@casemate/policy/token'
import { type Operator, requireRight } from '../access/actor.ts'
import { appendAudit } from '../audit/append.ts'
import type { Transaction } from '../db/database.ts'
import { and, eq, gt } from '../db/drizzle.ts'
import { requireRow } from '../devices/list.ts'
import { noteChange } from '../devices/note-change.ts'
import { ConsoleError } from '../error.ts'
import type { Console } from '../organisation/console.ts'
import { assignedReleases } from '../releases/assigned.ts'
import { releaseSettings } from '../releases/values.ts'
import { overrideBounds } from './bounds.ts'

export interface WantedOverride {
  readonly device: string
  readonly desktop: string
  readonly wanted: OverrideGrant
  readonly lifetimeSeconds: number
}

export interface GrantedOverride {
  readonly id: string
  /** Compact JWS. */
  readonly token: string
  /** Unix seconds. */
  readonly expires: number
}

/** As many as one answer to a device holds. */
export const mostAtOnce = 64

/** @throws ConsoleError `not-found`, `device-suspended`, `override-refused` (not within the policies, or too many), `help-desk-key-missing` */
export async function grantOverride(actor: Operator, console: Console, { device: id, desktop, wanted, lifetimeSeconds }: WantedOverride) {
  requireRight(actor, 'override:grant')
  const { db, keys, now, organisation, random, waiting } = console
  const device = await requireRow(actor, console, id)
  if (device.state !== 'active') throw new ConsoleError('device-suspended', `\`${id}\` is suspended, which no override changes`)
  const release = (await assignedReleases(db, device)).find((assigned) => assigned.desktop === desktop)
  if (release === undefined) throw new ConsoleError('not-found', `\`${id}\` has no desktop \`${desktop}\``)
  if (!isAllowed(wanted, overrideBounds(await releaseSettings(db, release, device, now())))) {
    const setting = wanted.kind === 'move' ? 'moved-instances' : 'overrides'
    throw new ConsoleError('override-refused', `the policies of \`${desktop}\` do not let a help desk grant this: see their setting \`${setting}\``)
  }
  if (keys.helpDesk === null) {
    throw new ConsoleError(
      'help-desk-key-missing',
      'this organisation was made without a help-desk key: none is approved, so devices would take nothing',
    )
  }
  const iat = now()
  const claims: Override = override.parse({
    ...{ iss: organisation.id, sub: device.id, cnf: { jkt: device.jkt }, id: encodeBase64url(random(16)), desktop },
    ...{ ...wanted, iat, exp: iat + lifetimeSeconds },
  })
  const granted: GrantedOverride = { id: claims.id, token: await signToken(claims, { typ: overrideTyp, signer: keys.helpDesk }), expires: claims.exp }
  await db.transaction(async (tx) => {
    if ((await pendingOverrides(tx, device.id, iat)).length >= mostAtOnce) {
      throw new ConsoleError('override-refused', `\`${id}\` has ${mostAtOnce} overrides already: wait for one to end`)
    }
    const at = { issuedAt: new Date(iat * 1000), expiresAt: new Date(claims.exp * 1000) }
    const row = {
      id: claims.id,
      deviceId: device.id,
      desktopId: release.desktopId,
      kind: claims.kind,
      token: granted.token,
      issuedBy: actor.user,
      ...at,
    }
    await tx.insert(tx.tables.overrides).values(row)
    await noteChange(tx, [device.id])
    const details = { id: claims.id, desktop, kind: claims.kind, grant: JSON.stringify(claims.grant), expires: claims.exp }
    await appendAudit(tx, actor, iat, { action: 'override.granted', subject: device.id, details })
  })
  waiting.wake(device.id)
  return granted
}

/** Tokens that have not ended, the oldest first: a device takes each once, however often it is sent. */
export async function pendingOverrides(db: Transaction, device: string, now: number): Promise<readonly string[]> {
  const { overrides } = db.tables
  const rows = await db
    .select({ token: overrides.token })
    .from(overrides)
    .where(and(eq(overrides.deviceId, device), gt(overrides.expiresAt, new Date(now * 1000))))
    .orderBy(overrides.issuedAt, overrides.id)
    .limit(mostAtOnce)
  return rows.map(({ token }) => token)
}
