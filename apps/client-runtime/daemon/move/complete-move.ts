// SPDX-License-Identifier: Apache-2.0
//
// PO-6: an instance that was made on another device is bound to this one. Three consent: the help desk by its grant, enough administrators by
// the shares of the instance's key, which they sealed to this device, and the console, which activates the desktop here.

import { combineShares } from '@casemate/policy/escrow'
import { wrapInstanceKey } from '@casemate/policy/instance-key'
import { thumbprint } from '@casemate/policy/jwk'
import { desktopOf } from '@casemate/policy/lease'
import { noTries, type PasswordRules } from '@casemate/policy/password'
import { reason } from '@casemate/policy/reason'
import { generateEphemeralKey } from '@casemate/policy/software-device-key'
import type { EscrowView } from '../../local-api.ts'
import { random } from '../console/console-client.ts'
import type { Device } from '../device.ts'
import { RuntimeError } from '../error.ts'
import { askActivation, checkPassword, refusalOf } from '../instances/activate.ts'
import { derivePassphraseKey } from '../instances/derive-passphrase-key.ts'
import { makeShares } from '../instances/escrow.ts'
import { type InstanceRecord, writeInstance } from '../instances/instance-store.ts'
import { raiseForNewInstance } from '../instances/password-floor.ts'
import { findLeave, type MoveLeave } from '../overrides/find-leave.ts'
import { boundTo } from './bound-to.ts'

export interface Completion {
  /** As administrators gave them back, sealed to this device. */
  readonly shares: readonly string[]
  /** Of the instance from now on; null: to be chosen later, where one is needed. */
  readonly password: string | null
  /** What PO-1 asks for. */
  readonly presented: string | null
}

/**
 * @returns the shares that were made for the next time, or null.
 * @throws RuntimeError `move-needless`, `password-weak`, `escrow-missing`, `grant-missing`, `grant-refused`, `refused`; PolicyError `escrow-*`;
 * ConsoleRefusal. The instance stays bound where it was then.
 */
export async function completeMove(
  device: Device,
  record: InstanceRecord,
  rules: PasswordRules | null,
  { shares, password, presented }: Completion,
): Promise<EscrowView | null> {
  const { clock, documents, enrolment, journal, key: deviceKey, layout, overrides } = device
  const { instance, desktop } = record
  if ((await boundTo(device, record)) === 'this-device') throw new RuntimeError('move-needless', `\`${instance}\` is bound to this computer`)
  if (password !== null && rules !== null) checkPassword(password, rules)
  const own = await thumbprint(deviceKey.agreementJwk)
  const move = await findLeave(device, record, (one): one is MoveLeave => one.kind === 'move' && one.grant.to === own)
  const approved = await documents.escrowKeys()
  if (approved === null) throw new RuntimeError('escrow-missing', 'this organisation has no approved escrow keys')
  const { from } = move.grant
  const madeBy = { id: from.device, jkt: from.jkt }
  const owner = { id: enrolment.device, key: deviceKey }
  const { key, kids } = await combineShares(shares, { device: owner, instance, resetSeq: 0, approved: approved.keys, madeBy })
  const lease = await askActivation(device, desktop, instance, presented)
  const wrappedPackage = lease.assign.find((assigned) => desktopOf(assigned) === desktop)
  if (wrappedPackage?.key == null) throw refusalOf([reason('activation-needed')])
  const protection = password === null || rules === null ? null : { text: password, derive: derivePassphraseKey }
  const { passwordSeq } = await raiseForNewInstance(layout, instance)
  const wrapping = { device: deviceKey, ephemeral: await generateEphemeralKey(), random, password: protection }
  const wrapped = await wrapInstanceKey({ instance, passwordSeq }, key, wrapping)
  await overrides.spend(move.id)
  await journal.append({ type: 'instance-rebound', data: { instance, desktop, from: from.device, grant: move.id, keys: [...kids] } })
  // A move makes nothing younger: what ends by days from the activation ends as it would have.
  await writeInstance(layout, { ...record, key: wrapped, tries: noTries, activatedAt: Math.min(record.activatedAt, clock.now) })
  return await makeShares(device, instance, key)
}
