// SPDX-License-Identifier: Apache-2.0
//
// Activation (PO-1): the console checks what is presented before it wraps the package key for this device. What is kept here is a fresh
// instance key, wrapped; the engine is chosen now and stays.
import { settingOf } from '@casemate/policy/decision'
import type { Facts } from '@casemate/policy/facts'
import { wrapInstanceKey } from '@casemate/policy/instance-key'
import { desktopOf, type Lease } from '@casemate/policy/lease'
import { slug } from '@casemate/policy/names'
import { openPackageKey } from '@casemate/policy/package-key'
import { noTries, type PasswordRules, passwordFaults } from '@casemate/policy/password'
import { type ReasonCode, reason } from '@casemate/policy/reason'
import { generateEphemeralKey } from '@casemate/policy/software-device-key'
import type { EscrowView } from '../../local-api.ts'
import { takeAnswer, withRightTime } from '../check-in/check-in.ts'
import { ConsoleRefusal, random } from '../console/console-client.ts'
import { decideDesktop } from '../decision/decide-desktop.ts'
import { type Device, factsOf } from '../device.ts'
import { readDesktop } from '../documents/desktop-documents.ts'
import { RuntimeError } from '../error.ts'
import { readState } from '../state-file.ts'
import { derivePassphraseKey } from './derive-passphrase-key.ts'
import { makeShares } from './escrow.ts'
import { type InstanceRecord, instanceRecord, writeInstance } from './instance-store.ts'
import { raiseForNewInstance } from './password-floor.ts'

export interface Activation {
  readonly desktop: string
  /** What PO-1 asks for. */
  readonly presented: string | null
  /** For the instance (PO-2); null: to be chosen later, where one is needed. */
  readonly password: string | null
}

/** What no answer of the console mends. */
const ofThisComputer: ReadonlySet<ReasonCode> = new Set([
  ...(['package-altered', 'runtime-too-old', 'host-refuses', 'posture-failed', 'engine-missing', 'capability-missing'] as const),
])

/** @throws RuntimeError `already-activated`, `desktop-unknown`, `password-weak`, `refused`; ConsoleRefusal; PolicyError. Nothing is kept then. */
export async function activate(
  device: Device,
  engines: Facts['engines'],
  engine: 'auto' | 'qemu' | 'v86',
  { desktop, presented, password }: Activation,
): Promise<{ readonly record: InstanceRecord; readonly escrow: EscrowView | null }> {
  const { layout, journal } = device
  if (!slug.safeParse(desktop).success) throw new RuntimeError('desktop-unknown', `\`${desktop.slice(0, 80)}\` is not the name of a desktop`)
  // One instance of a desktop on a device: asked again after a lost answer, it is the same one to the console.
  const instance = desktop
  if ((await readState(layout.instance(instance).record, instanceRecord)) !== undefined) {
    throw new RuntimeError('already-activated', `\`${desktop}\` is activated on this computer`)
  }
  const rules = await passwordRules(device, engines, desktop)
  if (password !== null && rules !== null) checkPassword(password, rules)
  const request = { kind: 'power-on' as const, session: 'activation', engine }
  const draftOf = (activatedAt: number) => ({
    ...{ name: instance, activatedAt, boundTo: 'this-device' as const, authentication: 'passed' as const, authenticatedBy: 'password' as const },
    ...{ lockedUntil: null, authenticatedAt: null, screenLocked: false },
  })
  const foreseen = await decideDesktop(device, engines, desktop, { ...request, instance: draftOf(device.clock.now) }, 'foreseen')
  const stays = foreseen.decision.allowed ? [] : foreseen.decision.reasons.filter(({ code }) => ofThisComputer.has(code))
  // The console counts an activation before it answers: one that comes to nothing here is not asked for.
  if (stays.length > 0) throw refusalOf(stays)
  const lease = await askActivation(device, desktop, instance, presented)
  const [activatedAt, assigned] = [device.clock.now, lease.assign.find((assignment) => desktopOf(assignment) === desktop)]
  const { decision, documents } = await decideDesktop(device, engines, desktop, { ...request, instance: draftOf(activatedAt) })
  if (!decision.allowed) throw refusalOf(decision.reasons)
  if (assigned === undefined || assigned.key === null || documents === null) throw refusalOf([reason('activation-needed')])
  // Opened once, so that a key for another package is found now and not at the first start.
  await openPackageKey(assigned.key, device.key, documents.release.document.package.sha256)
  const protection = password === null || rules === null ? null : { text: password, derive: derivePassphraseKey }
  const wrapping = { device: device.key, ephemeral: await generateEphemeralKey(), random, password: protection }
  const { passwordSeq } = await raiseForNewInstance(layout, instance)
  const instanceKey = random(32)
  const key = await wrapInstanceKey({ instance, passwordSeq }, instanceKey, wrapping)
  const record = { format: 'casemate-instance-1' as const, instance, desktop, engine: decision.plan.engine, activatedAt, key, tries: noTries }
  const escrow = await makeShares(device, instance, instanceKey)
  await journal.append({ type: 'activated', data: { instance, desktop } })
  if (protection !== null) await journal.append({ type: 'password-set', data: { instance } })
  await writeInstance(layout, record)
  return { record, escrow }
}

/** What the console answers has the package key, wrapped for this device. */
export async function askActivation(device: Device, desktop: string, instance: string, presented: string | null): Promise<Lease> {
  const { leases, console, journal } = device
  try {
    const nonce = await leases.question()
    const answer = await withRightTime(device, nonce, () => console.call('activate', { desktop, instance, presented }, { nonce }))
    return (await takeAnswer(device, { token: answer.lease, nonce, timestamp: null, change: null, withoutDocuments: false })).lease
  } catch (error) {
    if (error instanceof ConsoleRefusal) await journal.append({ type: 'activation-refused', data: { desktop, code: error.code } })
    throw error
  }
}

/** The rules of the password that the policies ask for; null where they ask for none. @throws RuntimeError `refused` */
export async function passwordRules(device: Device, engines: Facts['engines'], desktop: string): Promise<PasswordRules | null> {
  const { lease } = device.leases
  const documents = await readDesktop(device.documents.place, desktop, lease)
  if (lease === null || documents === undefined)
    throw refusalOf([lease === null ? reason('lease-missing') : reason('desktop-not-assigned', { desktop })])
  const authentication = settingOf(documents.layers, lease, await factsOf(device, engines), device.clock.now)('authentication')
  return authentication.mode === 'password' ? authentication : null
}

/** @throws RuntimeError `password-weak` */
export function checkPassword(password: string, rules: PasswordRules): void {
  const [fault] = passwordFaults(password, rules)
  if (fault === undefined) return
  const wanted = fault.fault === 'too-short' ? `${fault.least} characters or more` : `characters of ${fault.least} kinds or more`
  throw new RuntimeError('password-weak', `expected a password with ${wanted}`)
}

export function refusalOf(reasons: RuntimeError['reasons']): RuntimeError {
  return new RuntimeError('refused', reasons.map(({ sentence }) => sentence).join(' '), { reasons })
}
