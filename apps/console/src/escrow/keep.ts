// SPDX-License-Identifier: Apache-2.0
//
// Shares of a device's instance key on their way to administrators. The console can open none of them; it takes them only from the device that
// made them, so that nobody puts others in their place, and keeps those of the newest split only.
import { PolicyError } from '@casemate/policy/error'
import { type EscrowStatement, readEscrowStatement } from '@casemate/policy/escrow'
import { thumbprint } from '@casemate/policy/jwk'
import type { RequestOf } from '@casemate/policy/protocol'
import { type DeviceActor, requireDevice } from '../access/actor.ts'
import { appendAudit } from '../audit/append.ts'
import { and, eq } from '../db/drizzle.ts'
import { ConsoleError } from '../error.ts'
import type { Console } from '../organisation/console.ts'

/**
 * Checks, in this order: 1 the statement, signed by this device for this instance; 2 all of its shares are here, each once and in order;
 * 3 the instance was activated here; 4 they are not of before what is kept.
 * @throws ConsoleError `escrow-refused`
 */
export async function keepShares(actor: DeviceActor, console: Console, { instance, shares }: RequestOf<'keepEscrow'>): Promise<object> {
  requireDevice(actor, console.organisation.id)
  const [{ statement } = { statement: '' }] = shares
  const claims = await readOwn(actor, instance, statement)
  if (shares.length !== claims.shares.length || !shares.every((share, at) => share.index === at + 1 && share.statement === statement)) {
    throw refused(`expected the ${claims.shares.length} shares of one split in their order`)
  }
  const { db, now } = console
  await db.transaction(async (tx) => {
    const { escrowShares, instances } = tx.tables
    const ofInstance = and(eq(instances.deviceId, actor.device), eq(instances.name, instance))
    const [activated] = await tx.select({ name: instances.name }).from(instances).where(ofInstance)
    if (activated === undefined) throw refused(`\`${instance}\` was not activated on \`${actor.device}\``)
    const kept = and(eq(escrowShares.deviceId, actor.device), eq(escrowShares.instance, instance))
    const [before] = await tx.select({ resetSeq: escrowShares.resetSeq }).from(escrowShares).where(kept).limit(1)
    if (before !== undefined && before.resetSeq > claims.resetSeq) throw refused(`shares of after reset ${before.resetSeq} are kept already`)
    await tx.delete(escrowShares).where(kept)
    const { split, threshold, resetSeq } = claims
    const row = { deviceId: actor.device, instance, split, threshold, resetSeq, receivedAt: new Date(now() * 1000) }
    await tx.insert(escrowShares).values(
      shares.map((share, at) => ({
        ...row,
        index: share.index,
        kid: claims.shares[at]?.kid ?? '',
        share: new TextEncoder().encode(JSON.stringify(share)),
      })),
    )
    const details = { instance, split, threshold, shares: shares.length, resets: resetSeq }
    await appendAudit(tx, actor, now(), { action: 'escrow.kept', subject: actor.device, details })
  })
  return {}
}

async function readOwn(actor: DeviceActor, instance: string, statement: string): Promise<EscrowStatement> {
  try {
    const claims = await readEscrowStatement(statement)
    const own = (await thumbprint(claims.publicJwk)) === actor.jkt && claims.device === actor.device && claims.instance === instance
    if (own) return claims
  } catch (cause) {
    if (!(cause instanceof PolicyError)) throw cause
    throw refused('expected shares whose statement holds', cause)
  }
  throw refused(`expected shares of \`${instance}\` that this device made`)
}

const refused = (why: string, cause?: unknown): ConsoleError => new ConsoleError('escrow-refused', why, cause === undefined ? {} : { cause })
