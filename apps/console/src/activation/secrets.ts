// SPDX-License-Identifier: Apache-2.0
//
// What somebody must present to activate a desktop (PO-1), and how often that may be done. Kept as hashes.
import { randomUUID } from 'node:crypto'
import { activationKeyDigest } from '@casemate/policy/activation'
import { type Operator, requireRight } from '../access/actor.ts'
import { hashPassword } from '../access/password-hash.ts'
import { appendAudit } from '../audit/append.ts'
import { and, eq, isNull } from '../db/drizzle.ts'
import { ConsoleError } from '../error.ts'
import type { Console } from '../organisation/console.ts'
import { requireDesktop } from '../releases/assign.ts'

/** Replaces the password that was. @throws ConsoleError `not-found`, `input-invalid` */
export async function setActivationPassword(actor: Operator, console: Console, desktop: string, password: string): Promise<void> {
  requireRight(actor, 'activation:set')
  if (password.length < 8 || password.length > 256) throw new ConsoleError('input-invalid', 'expected an activation password of 8 to 256 characters')
  const { db, now } = console
  const hash = await hashPassword(password)
  await db.transaction(async (tx) => {
    const { activationSecrets } = tx.tables
    const desktopId = await requireDesktop(tx, actor.organisation, desktop)
    const [id, at] = [randomUUID(), new Date(now() * 1000)]
    await tx
      .update(activationSecrets)
      .set({ revokedAt: at })
      .where(and(eq(activationSecrets.desktopId, desktopId), eq(activationSecrets.kind, 'password'), isNull(activationSecrets.revokedAt)))
    await tx.insert(activationSecrets).values({ id, desktopId, kind: 'password', hash, createdAt: at })
    await appendAudit(tx, actor, now(), { action: 'activation-password.set', subject: desktop })
  })
}

/**
 * A new activation key, shown once: five groups of five letters, 25 times 5 bits.
 * @param uses null: any number.
 * @throws ConsoleError `not-found`
 */
export async function newActivationKey(actor: Operator, console: Console, desktop: string, uses: number | null): Promise<string> {
  requireRight(actor, 'activation:set')
  const { db, now, random } = console
  const letters = Array.from(random(25), (byte) => keyLetters.charAt(byte & 31)).join('')
  const key = (letters.match(/.{5}/g) ?? []).join('-')
  const hash = await activationKeyDigest(key)
  await db.transaction(async (tx) => {
    const desktopId = await requireDesktop(tx, actor.organisation, desktop)
    const id = randomUUID()
    await tx.insert(tx.tables.activationSecrets).values({ id, desktopId, kind: 'key', hash, usesAllowed: uses, createdAt: new Date(now() * 1000) })
    await appendAudit(tx, actor, now(), { action: 'activation-key.made', subject: desktop, details: { key: id, uses } })
  })
  return key
}

/** @param most activations on all devices together; null: any number. @throws ConsoleError `not-found` */
export async function limitActivations(actor: Operator, { db, now }: Console, desktop: string, most: number | null): Promise<void> {
  requireRight(actor, 'activation:set')
  await db.transaction(async (tx) => {
    const { desktops } = tx.tables
    const desktopId = await requireDesktop(tx, actor.organisation, desktop)
    await tx.update(desktops).set({ activationsAllowed: most }).where(eq(desktops.id, desktopId))
    await appendAudit(tx, actor, now(), { action: 'activation-limit.set', subject: desktop, details: { most } })
  })
}

/** Without I, L, O, U, which are misread. */
const keyLetters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
