// SPDX-License-Identifier: Apache-2.0
//
// Which shares are kept, and the shares themselves for the administrators whose keys open them.
import type { EcPublicJwk } from '@casemate/policy/jwk'
import { type Operator, requireRight } from '../access/actor.ts'
import { appendAudit } from '../audit/append.ts'
import type { Transaction } from '../db/database.ts'
import { and, eq } from '../db/drizzle.ts'
import { type DeviceRow, findDevice } from '../devices/device-row.ts'
import { ConsoleError } from '../error.ts'
import type { Console } from '../organisation/console.ts'

export interface KeptSplit {
  readonly instance: string
  readonly threshold: number
  /** How often the instance had been reset. */
  readonly resets: number
  /** Unix seconds. */
  readonly receivedAt: number
  /** Administrators' keys by thumbprint, in the order of the shares. */
  readonly keys: readonly string[]
}

/** @throws ConsoleError `not-found` */
export async function listEscrow(actor: Operator, { db }: Pick<Console, 'db'>, device: string): Promise<{ readonly splits: readonly KeptSplit[] }> {
  requireRight(actor, 'device:see')
  await requireDeviceRow(actor, db, device)
  const { escrowShares } = db.tables
  const rows = await db.select().from(escrowShares).where(eq(escrowShares.deviceId, device)).orderBy(escrowShares.instance, escrowShares.index)
  const splits = Map.groupBy(rows, ({ instance }) => instance)
  return {
    splits: [...splits].map(([instance, shares]) => ({
      instance,
      threshold: shares[0]?.threshold ?? 0,
      resets: shares[0]?.resetSeq ?? 0,
      receivedAt: Math.floor((shares[0]?.receivedAt.getTime() ?? 0) / 1000),
      keys: shares.map(({ kid }) => kid),
    })),
  }
}

export interface ExportedEscrow {
  /** Of the device that is to get them: what shares are sealed to on their way. */
  readonly agreementKey: EcPublicJwk
  /** Each a JSON document, sealed to the key of that thumbprint. */
  readonly shares: readonly { readonly index: number; readonly key: string; readonly share: string }[]
}

/**
 * Sealed as they are, they open for nobody but their administrators; who took them is audited.
 * @param recipient where the instance moves to; null: the device that made them. @throws ConsoleError `not-found`
 */
export async function exportEscrow(
  actor: Operator,
  { db, now }: Pick<Console, 'db' | 'now'>,
  { device, instance, recipient }: { readonly device: string; readonly instance: string; readonly recipient: string | null },
): Promise<ExportedEscrow> {
  requireRight(actor, 'escrow:export')
  await requireDeviceRow(actor, db, device)
  const { agreementKey } = await requireDeviceRow(actor, db, recipient ?? device)
  return await db.transaction(async (tx) => {
    const { escrowShares } = tx.tables
    const kept = and(eq(escrowShares.deviceId, device), eq(escrowShares.instance, instance))
    const rows = await tx.select().from(escrowShares).where(kept).orderBy(escrowShares.index)
    if (rows.length === 0) throw new ConsoleError('not-found', `there are no shares of \`${instance}\` on \`${device}\``)
    await appendAudit(tx, actor, now(), {
      action: 'escrow.exported',
      subject: device,
      details: { instance, recipient: recipient ?? device, split: rows[0]?.split ?? '' },
    })
    return { agreementKey, shares: rows.map(({ index, kid, share }) => ({ index, key: kid, share: new TextDecoder().decode(share) })) }
  })
}

async function requireDeviceRow(actor: Operator, db: Transaction, device: string): Promise<DeviceRow> {
  const row = await findDevice(db, { id: device })
  if (row === undefined || row.organisation !== actor.organisation) throw new ConsoleError('not-found', `there is no device \`${device}\``)
  return row
}
