// SPDX-License-Identifier: Apache-2.0
//
// PO-1: what was presented is checked, and every allowance counted in one transaction, before the package key is wrapped for the device.
import {
  type ActivationAttempt,
  type ActivationDecision,
  type ActivationSettings,
  activationKeyDigest,
  decideActivation,
} from '@casemate/policy/activation'
import type { RequestOf, ResponseOf } from '@casemate/policy/protocol'
import type { SettingValues } from '@casemate/policy/settings'
import { type DeviceActor, requireDevice } from '../access/actor.ts'
import { isPassword } from '../access/password-hash.ts'
import { appendAudit } from '../audit/append.ts'
import type { Transaction } from '../db/database.ts'
import { and, eq, isNull, ne, sql } from '../db/drizzle.ts'
import { type DeviceRow, findDevice } from '../devices/device-row.ts'
import { issueLease, type LeaseQuestion, refuseCopied } from '../devices/lease.ts'
import { noteChange } from '../devices/note-change.ts'
import { ConsoleError } from '../error.ts'
import { endMoved, movesFrom } from '../help-desk/allow-move.ts'
import type { Console } from '../organisation/console.ts'
import { type AssignedRelease, assignedReleases } from '../releases/assigned.ts'
import { releaseSettings } from '../releases/values.ts'

type Wanted = RequestOf<'activate'>

interface Attempt {
  readonly device: DeviceRow
  readonly release: AssignedRelease
  readonly instance: string
  readonly settings: ActivationSettings
  readonly presented:
    | { readonly kind: 'none' }
    | { readonly kind: 'password'; readonly right: boolean }
    | { readonly kind: 'key'; readonly digest: string }
}

/**
 * @returns a lease whose assignment of the desktop carries the package key.
 * @throws ConsoleError `device-unknown`, `lease-copied`, `device-suspended`, `not-assigned`, `bad-request` (the instance is another
 * desktop's), `activation-not-for-user`, `activation-refused`, `activation-used-up`.
 */
export async function activate(actor: DeviceActor, console: Console, wanted: Wanted, question: LeaseQuestion): Promise<ResponseOf<'activate'>> {
  requireDevice(actor, console.organisation.id)
  const { db, waiting, now } = console
  // Whatever is held for this device ends here: only one answer may follow its lease.
  const turn = waiting.enter(actor.device)
  try {
    await refuseCopied(actor, console, question)
    const attempt = await readAttempt(actor, console, wanted)
    const decision = await db.transaction((tx) => decideAndCount(tx, actor, console, attempt))
    if (!decision.allowed) {
      const details = { desktop: wanted.desktop, code: decision.code }
      await db.transaction((tx) => appendAudit(tx, actor, now(), { action: 'activation.refused', subject: actor.device, details }))
      throw new ConsoleError(decision.code, decision.message)
    }
    return { lease: (await issueLease(actor, console, question)).lease }
  } finally {
    turn.leave('ended')
  }
}

async function readAttempt(actor: DeviceActor, { db, now }: Console, { desktop, instance, presented }: Wanted): Promise<Attempt> {
  const device = await findDevice(db, { id: actor.device })
  if (device === undefined) throw new ConsoleError('device-unknown', `there is no device \`${actor.device}\``)
  if (device.state !== 'active') throw new ConsoleError('device-suspended', 'this device is suspended')
  const release = (await assignedReleases(db, device)).find((assigned) => assigned.desktop === desktop)
  if (release === undefined) throw new ConsoleError('not-assigned', `no desktop \`${desktop}\` is assigned to this device`)
  const setting = await releaseSettings(db, release, device, now())
  const settings = {
    activation: setting('activation'),
    'activation-users': setting('activation-users'),
    'activation-instances': setting('activation-instances'),
  }
  return { device, release, instance, settings, presented: await readPresented(db, release.desktopId, settings.activation, presented) }
}

async function readPresented(
  db: Transaction,
  desktopId: string,
  asked: SettingValues['activation'],
  text: string | null,
): Promise<Attempt['presented']> {
  if (text === null || asked === 'none') return { kind: 'none' }
  if (asked === 'key') return { kind: 'key', digest: await activationKeyDigest(text) }
  const { activationSecrets } = db.tables
  const [record] = await db
    .select({ hash: activationSecrets.hash })
    .from(activationSecrets)
    .where(and(eq(activationSecrets.desktopId, desktopId), eq(activationSecrets.kind, 'password'), isNull(activationSecrets.revokedAt)))
  return { kind: 'password', right: record !== undefined && (await isPassword(text, record.hash)) }
}

async function decideAndCount(tx: Transaction, actor: DeviceActor, { now, waiting }: Console, attempt: Attempt): Promise<ActivationDecision> {
  const { device, release, instance, settings } = attempt
  const { instances, activationSecrets } = tx.tables
  const own = and(eq(instances.deviceId, device.id), eq(instances.name, instance))
  const [known] = await tx.select().from(instances).where(own)
  if (known !== undefined && known.desktopId !== release.desktopId) {
    throw new ConsoleError('bad-request', `instance \`${instance}\` is of another desktop`)
  }
  // Its answer may have been lost: what it took then it does not take again.
  const again = known?.state === 'active'
  const key = attempt.presented.kind === 'key' ? await findKey(tx, release.desktopId, attempt.presented.digest) : undefined
  const presented: ActivationAttempt['presented'] =
    attempt.presented.kind === 'key' ? { kind: 'key', usesLeft: key === undefined ? 0 : again ? 1 : key.usesLeft } : attempt.presented
  const from = again ? [] : await movesFrom(tx, device.id, release.desktopId, instance, now())
  const decision = decideActivation({
    ...{ settings, claims: device.claims, presented, otherInstances: await otherInstances(tx, attempt, from) },
    totalLeft: again ? null : await totalLeft(tx, release.desktopId, from.length),
  })
  if (!decision.allowed || again) return decision
  if (decision.usesKey && key !== undefined) {
    await tx
      .update(activationSecrets)
      .set({ uses: sql`${activationSecrets.uses} + 1` })
      .where(eq(activationSecrets.id, key.id))
  }
  const row = {
    desktopId: release.desktopId,
    userName: device.claims.user,
    state: 'active' as const,
    activatedAt: new Date(now() * 1000),
    endedAt: null,
  }
  await tx
    .insert(instances)
    .values({ deviceId: device.id, name: instance, ...row })
    .onConflictDoUpdate({ target: [instances.deviceId, instances.name], set: row })
  const lost = await endMoved(tx, from, release.desktopId, instance, now())
  await noteChange(tx, lost)
  for (const source of lost) {
    const moved = { desktop: release.desktop, instance, from: source }
    await appendAudit(tx, actor, now(), { action: 'instance.moved', subject: device.id, details: moved })
    waiting.wake(source)
  }
  const details = { desktop: release.desktop, instance, key: decision.usesKey ? (key?.id ?? null) : null }
  await appendAudit(tx, actor, now(), { action: 'desktop.activated', subject: device.id, details })
  return decision
}

async function findKey(tx: Transaction, desktopId: string, digest: string) {
  const { activationSecrets } = tx.tables
  const [found] = await tx
    .select()
    .from(activationSecrets)
    .where(
      and(
        eq(activationSecrets.desktopId, desktopId),
        eq(activationSecrets.kind, 'key'),
        eq(activationSecrets.hash, digest),
        isNull(activationSecrets.revokedAt),
      ),
    )
  if (found === undefined) return undefined
  return { id: found.id, usesLeft: found.usesAllowed === null ? Number.MAX_SAFE_INTEGER : Math.max(0, found.usesAllowed - found.uses) }
}

/** Of the user on all devices; of a device that is nobody's in particular, on it. */
async function otherInstances(tx: Transaction, { device, release, instance }: Attempt, moving: readonly string[]): Promise<number> {
  const { instances } = tx.tables
  const { user } = device.claims
  const rows = await tx
    .select({ device: instances.deviceId, name: instances.name })
    .from(instances)
    .where(
      and(
        eq(instances.desktopId, release.desktopId),
        eq(instances.state, 'active'),
        user === null ? eq(instances.deviceId, device.id) : eq(instances.userName, user),
      ),
    )
  return rows.filter((row) => row.name !== instance || (row.device !== device.id && !moving.includes(row.device))).length
}

async function totalLeft(tx: Transaction, desktopId: string, moving: number): Promise<number | null> {
  const { desktops, instances } = tx.tables
  const [desktop] = await tx.select({ most: desktops.activationsAllowed }).from(desktops).where(eq(desktops.id, desktopId))
  if (desktop === undefined || desktop.most === null) return null
  return desktop.most + moving - (await tx.$count(instances, and(eq(instances.desktopId, desktopId), ne(instances.state, 'deactivated'))))
}
