// SPDX-License-Identifier: Apache-2.0
import { type Operator, requireRight } from '../access/actor.ts'
import { appendAudit } from '../audit/append.ts'
import { and, eq } from '../db/drizzle.ts'
import { ConsoleError } from '../error.ts'
import type { Console } from '../organisation/console.ts'
import { noteChange } from './note-change.ts'

/**
 * Its next lease says `suspend` and carries no key; where it waits, that is at once. Revoked again, the reason is replaced.
 * @param why for the device's user.
 * @throws ConsoleError `not-found`
 */
export async function revokeDevice(actor: Operator, console: Console, device: string, why: string): Promise<void> {
  requireRight(actor, 'device:suspend')
  await setState(actor, console, device, { state: 'revoked', stateReason: why }, 'device.revoked')
}

/** @throws ConsoleError `not-found` */
export async function reinstateDevice(actor: Operator, console: Console, device: string): Promise<void> {
  requireRight(actor, 'device:suspend')
  await setState(actor, console, device, { state: 'active', stateReason: null }, 'device.reinstated')
}

type State = { readonly state: 'active' | 'revoked'; readonly stateReason: string | null }

async function setState(actor: Operator, { db, waiting, now }: Console, device: string, state: State, action: string): Promise<void> {
  await db.transaction(async (tx) => {
    const { devices } = tx.tables
    const own = and(eq(devices.id, device), eq(devices.organisationId, actor.organisation))
    const changed = await tx.update(devices).set(state).where(own).returning({ id: devices.id })
    if (changed.length === 0) throw new ConsoleError('not-found', `there is no device \`${device}\``)
    await noteChange(tx, [device])
    await appendAudit(tx, actor, now(), { action, subject: device, details: { why: state.stateReason } })
  })
  waiting.wake(device)
}
