// SPDX-License-Identifier: Apache-2.0
//
// A forgotten password (PO-2): the help desk granted a reset, enough administrators gave their shares back, sealed to this device, and the
// instance key that they hold is wrapped under a new password. The number of resets rises with it, so that neither the old file nor the same
// shares do it again.
import { PolicyError } from '@casemate/policy/error'
import { combineShares } from '@casemate/policy/escrow'
import { describeInstanceKey, wrapInstanceKey } from '@casemate/policy/instance-key'
import type { PasswordRules } from '@casemate/policy/password'
import { generateEphemeralKey } from '@casemate/policy/software-device-key'
import type { EscrowView } from '../../local-api.ts'
import { random } from '../console/console-client.ts'
import type { Device } from '../device.ts'
import { RuntimeError } from '../error.ts'
import { findLeave, isReset } from '../overrides/find-leave.ts'
import { checkPassword } from './activate.ts'
import { derivePassphraseKey } from './derive-passphrase-key.ts'
import { makeShares } from './escrow.ts'
import type { InstanceRecord } from './instance-store.ts'
import { readPasswordFloor, replaceKey } from './password-floor.ts'

export interface Reset {
  /** As administrators gave them back. */
  readonly shares: readonly string[]
  readonly password: string
}

/**
 * @returns the shares that were made for the next time, or null.
 * @throws RuntimeError `password-weak`, `escrow-missing` (there is no approved list of escrow keys), `grant-missing`, `grant-refused`, `refused`;
 * PolicyError `escrow-*`.
 * Nothing has changed then.
 */
export async function resetPassword(
  device: Device,
  record: InstanceRecord,
  rules: PasswordRules | null,
  { shares, password }: Reset,
): Promise<EscrowView | null> {
  const { documents, enrolment, journal, key: deviceKey, layout, overrides } = device
  const { instance } = record
  if (rules !== null) checkPassword(password, rules)
  const approved = await documents.escrowKeys()
  if (approved === null) throw new RuntimeError('escrow-missing', 'this organisation has no approved escrow keys')
  const grant = await findLeave(device, record, isReset)
  const floor = await readPasswordFloor(layout, instance)
  const owner = { id: enrolment.device, key: deviceKey }
  const { key, kids } = await combineShares(shares, { device: owner, instance, resetSeq: floor.resetSeq, approved: approved.keys })
  const next = { passwordSeq: Math.max(floor.passwordSeq, await presentSeq(device, record)) + 1, resetSeq: floor.resetSeq + 1 }
  const protection = { text: password, derive: derivePassphraseKey }
  const wrapping = { device: deviceKey, ephemeral: await generateEphemeralKey(), random, password: protection }
  const wrapped = await wrapInstanceKey({ instance, passwordSeq: next.passwordSeq }, key, wrapping)
  await overrides.spend(grant.id)
  await journal.append({ type: 'password-reset', data: { instance, grant: grant.id, keys: [...kids] } })
  await replaceKey(layout, record, wrapped, next)
  return await makeShares(device, instance, key)
}

/** Number of the wrapping that is there; 0 for one that cannot be read, which a reset replaces as well. */
async function presentSeq({ key }: Device, record: InstanceRecord): Promise<number> {
  try {
    return (await describeInstanceKey(record.key, { instance: record.instance, passwordSeq: 0 }, key)).passwordSeq
  } catch (error) {
    if (error instanceof PolicyError) return 0
    throw error
  }
}
