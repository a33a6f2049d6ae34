// SPDX-License-Identifier: Apache-2.0
//
// Leases. A number is taken in one transaction with everything that the lease will say, then it is signed: an answer that is lost
// costs a number and nothing else. Two successors of one lease suspend the device, the copy and the original.
import { encryptToken } from '@casemate/policy/encrypted-token'
import { type Lease, leaseTyp } from '@casemate/policy/lease'
import { type DesktopSecrets, packageKeyContent, packageKeyTyp } from '@casemate/policy/package-key'
import { releasePath } from '@casemate/policy/release'
import { generateEphemeralKey } from '@casemate/policy/software-device-key'
import { judgeSuccession } from '@casemate/policy/succession'
import { signToken } from '@casemate/policy/token'
import { unwrapPackageKey } from '@casemate/vm-package/keys'
import { type DeviceActor, requireDevice } from '../access/actor.ts'
import { appendAudit } from '../audit/append.ts'
import type { Transaction } from '../db/database.ts'
import { and, eq } from '../db/drizzle.ts'
import { ConsoleError } from '../error.ts'
import { overrideBounds } from '../help-desk/bounds.ts'
import { rescueCommitments } from '../help-desk/rescue-codes.ts'
import type { Console } from '../organisation/console.ts'
import { type AssignedRelease, assignedReleases } from '../releases/assigned.ts'
import { readDesktopSecrets } from '../releases/secrets.ts'
import { releaseSettings } from '../releases/values.ts'
import { type DeviceRow, findDevice } from './device-row.ts'
import { noteChange } from './note-change.ts'
import { strictestOffline } from './offline-limits.ts'

/** From the proof of the request. */
export interface LeaseQuestion {
  readonly seq: number
  readonly nonce: string
}

export interface IssuedLease {
  readonly lease: string
  readonly seq: number
  readonly change: number
}

interface TakenLease {
  readonly device: DeviceRow
  readonly seq: number
  readonly iat: number
  readonly exp: number
  readonly assigned: readonly (AssignedRelease & { readonly sealed: SealedPackage | null })[]
}

interface SealedPackage {
  readonly sha256: string
  readonly sealedKey: Uint8Array
  readonly secrets: DesktopSecrets
}

/**
 * The next lease of a device, bound to its question.
 * @throws ConsoleError `device-unknown`, `lease-copied` (and the device is suspended).
 */
export async function issueLease(actor: DeviceActor, console: Console, question: LeaseQuestion): Promise<IssuedLease> {
  requireDevice(actor, console.organisation.id)
  const taken = await console.db.transaction(async (tx) => await takeLease(tx, actor, console, question))
  if (taken === 'copied') throw await copied(actor, console)
  return { lease: await sign(console, taken, question.nonce), seq: taken.seq, change: taken.device.change }
}

/** @throws ConsoleError `lease-copied`, as early as the question itself shows it. */
export async function refuseCopied(actor: DeviceActor, console: Console, question: LeaseQuestion): Promise<number> {
  requireDevice(actor, console.organisation.id)
  const newest = await newestLease(console.db, actor.device)
  if (judgeSuccession(newest, question) === 'copied') {
    await console.db.transaction((tx) => suspendCopied(tx, actor, console.now(), question))
    throw await copied(actor, console)
  }
  return newest?.seq ?? 0
}

async function takeLease(tx: Transaction, actor: DeviceActor, console: Console, question: LeaseQuestion): Promise<TakenLease | 'copied'> {
  const { organisation, now } = console
  const newest = await newestLease(tx, actor.device)
  if (judgeSuccession(newest, question) === 'copied') {
    await suspendCopied(tx, actor, now(), question)
    return 'copied'
  }
  const device = await findDevice(tx, { id: actor.device })
  if (device === undefined) throw new ConsoleError('device-unknown', `there is no device \`${actor.device}\``)
  const [iat, seq] = [now(), (newest?.seq ?? 0) + 1]
  const exp = iat + organisation.leaseSeconds
  const row = {
    ...{ seq, nonce: question.nonce, follows: question.seq, action: actionFor(device, organisation.contact).action },
    ...{ issuedAt: new Date(iat * 1000), expiresAt: new Date(exp * 1000) },
  }
  const { leases } = tx.tables
  await tx
    .insert(leases)
    .values({ deviceId: device.id, ...row })
    .onConflictDoUpdate({ target: leases.deviceId, set: row })
  const assigned: TakenLease['assigned'][number][] = []
  for (const release of await assignedReleases(tx, device)) assigned.push({ ...release, sealed: await keyFor(tx, console, device, release) })
  return { device, seq, iat, exp, assigned }
}

function actionFor({ state, stateReason }: DeviceRow, contact: string): Pick<Lease, 'action' | 'suspension'> {
  if (state === 'active') return { action: 'run', suspension: null }
  return { action: 'suspend', suspension: { why: stateReason ?? 'no reason was given', contact } }
}

/** The package's wrapped key where the desktop is activated on an active device. */
async function keyFor(
  tx: Transaction,
  console: Console,
  device: DeviceRow,
  { desktopId, packageId }: AssignedRelease,
): Promise<SealedPackage | null> {
  if (device.state !== 'active') return null
  const { instances, packages } = tx.tables
  const [active] = await tx
    .select({ name: instances.name })
    .from(instances)
    .where(and(eq(instances.deviceId, device.id), eq(instances.desktopId, desktopId), eq(instances.state, 'active')))
    .limit(1)
  if (active === undefined) return null
  const [sealed] = await tx.select({ sha256: packages.sha256, sealedKey: packages.sealedKey }).from(packages).where(eq(packages.id, packageId))
  return sealed === undefined ? null : { ...sealed, secrets: await readDesktopSecrets(tx, console, desktopId) }
}

async function sign(console: Console, { device, seq, iat, exp, assigned }: TakenLease, nonce: string): Promise<string> {
  const { db, organisation, published, keys } = console
  const assign: Lease['assign'] = []
  for (const { desktop, serial, sha256, sealed } of assigned) {
    assign.push({ path: releasePath(desktop, serial), serial, sha256, key: sealed === null ? null : await wrapKey(console, device, sealed) })
  }
  const settings = await Promise.all(assigned.map((release) => releaseSettings(db, release, device, iat)))
  const bounds = device.state === 'active' ? settings.map((setting) => overrideBounds(setting).overrides) : []
  const claims: Lease = {
    iss: organisation.id,
    sub: device.id,
    cnf: { jkt: device.jkt },
    ...{ seq, nonce, iat, exp },
    tuf: { ...published.current },
    claims: device.claims,
    assign,
    offline: strictestOffline(settings.map((setting) => setting('offline'))),
    rescue: await rescueCommitments(console, { device: device.id, seq }, bounds),
    ...actionFor(device, organisation.contact),
  }
  return await signToken(claims, { typ: leaseTyp, signer: keys.tokens })
}

async function wrapKey({ keys, random }: Console, device: DeviceRow, { sha256, sealedKey, secrets }: SealedPackage): Promise<string> {
  const content = packageKeyContent(sha256, unwrapPackageKey(keys.organisation, sealedKey, sha256), secrets)
  const ephemeral = await generateEphemeralKey()
  return await encryptToken(content, { typ: packageKeyTyp, recipient: device.agreementKey, ephemeral, random })
}

async function newestLease(db: Transaction, device: string) {
  const { leases } = db.tables
  const [newest] = await db.select({ seq: leases.seq, nonce: leases.nonce, follows: leases.follows }).from(leases).where(eq(leases.deviceId, device))
  return newest ?? null
}

async function suspendCopied(tx: Transaction, actor: DeviceActor, now: number, { seq }: LeaseQuestion): Promise<void> {
  const { devices } = tx.tables
  const suspended = { state: 'suspended' as const, stateReason: 'two computers used the same device state' }
  const changed = await tx
    .update(devices)
    .set(suspended)
    .where(and(eq(devices.id, actor.device), eq(devices.state, 'active')))
    .returning({ id: devices.id })
  if (changed.length === 0) return
  await noteChange(tx, [actor.device])
  await appendAudit(tx, actor, now, { action: 'device.copied', subject: actor.device, details: { seq } })
}

async function copied({ device }: DeviceActor, { waiting }: Console): Promise<ConsoleError> {
  waiting.wake(device)
  return new ConsoleError('lease-copied', 'this lease has been followed by another already: a copy of this device is in use; both are suspended')
}
