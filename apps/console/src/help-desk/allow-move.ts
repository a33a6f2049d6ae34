// SPDX-License-Identifier: Apache-2.0
//
// PO-6: that an instance which was activated on one device may be bound to another. Devices and keys are those of the records; enough
// administrators still have to give their shares to the new device.
import { thumbprint } from '@casemate/policy/jwk'
import { type Operator, requireRight } from '../access/actor.ts'
import type { Transaction } from '../db/database.ts'
import { and, eq, gt, inArray } from '../db/drizzle.ts'
import { requireRow } from '../devices/list.ts'
import { ConsoleError } from '../error.ts'
import type { Console } from '../organisation/console.ts'
import { type GrantedOverride, grantOverride } from './grant-override.ts'
import { readIssued } from './issued.ts'

export interface WantedMove {
  /** Where it is to be. */
  readonly device: string
  readonly desktop: string
  readonly instance: string
  /** Where it was activated. */
  readonly from: string
  readonly lifetimeSeconds: number
}

/** @throws ConsoleError `not-found` (device, desktop, or no such instance there), `override-refused`, as `grantOverride`. */
export async function allowMove(actor: Operator, console: Console, wanted: WantedMove): Promise<GrantedOverride> {
  requireRight(actor, 'override:grant')
  const { device, desktop, instance, from, lifetimeSeconds } = wanted
  if (device === from) throw new ConsoleError('override-refused', `\`${instance}\` is on \`${from}\` already`)
  const [source, target] = [await requireRow(actor, console, from), await requireRow(actor, console, device)]
  if (!(await isActive(console.db, source.id, instance))) throw new ConsoleError('not-found', `\`${from}\` has no active instance \`${instance}\``)
  const grant = { instance, from: { device: source.id, jkt: source.jkt }, to: await thumbprint(target.agreementKey) }
  return await grantOverride(actor, console, { device, desktop, wanted: { kind: 'move', grant }, lifetimeSeconds })
}

async function isActive(db: Transaction, device: string, name: string): Promise<boolean> {
  const { instances } = db.tables
  return (await db.$count(instances, and(eq(instances.deviceId, device), eq(instances.name, name), eq(instances.state, 'active')))) > 0
}

/** Devices whose instance of that name a grant lets move to the device that now activates it. */
export async function movesFrom(tx: Transaction, device: string, desktopId: string, name: string, now: number): Promise<readonly string[]> {
  const { overrides } = tx.tables
  const rows = await tx
    .select({ token: overrides.token })
    .from(overrides)
    .where(
      and(
        eq(overrides.deviceId, device),
        eq(overrides.desktopId, desktopId),
        eq(overrides.kind, 'move'),
        gt(overrides.expiresAt, new Date(now * 1000)),
      ),
    )
  const issued = rows.map(({ token }) => readIssued(token))
  return [...new Set(issued.flatMap((one) => (one.kind === 'move' && one.grant.instance === name ? one.grant.from.device : [])))]
}

/** It ends where it was, in the transaction in which it is activated elsewhere, so that it counts once. @returns the devices that lost it */
export async function endMoved(tx: Transaction, from: readonly string[], desktopId: string, name: string, now: number): Promise<readonly string[]> {
  const { instances } = tx.tables
  const own = and(inArray(instances.deviceId, [...from]), eq(instances.name, name), eq(instances.desktopId, desktopId), eq(instances.state, 'active'))
  const ended = await tx
    .update(instances)
    .set({ state: 'deactivated', endedAt: new Date(now * 1000) })
    .where(own)
    .returning({ device: instances.deviceId })
  return ended.map(({ device }) => device)
}
