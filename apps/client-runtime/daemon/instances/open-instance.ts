// SPDX-License-Identifier: Apache-2.0
//
// PO-2: the instance key comes out of its wrapping or it does not; the decision is only told which.
import { PolicyError } from '@casemate/policy/error'
import type { Request } from '@casemate/policy/facts'
import { describeInstanceKey, openInstanceKey, wrapInstanceKey } from '@casemate/policy/instance-key'
import { afterWrongPassword, isLocked, noTries, type PasswordRules } from '@casemate/policy/password'
import { generateEphemeralKey } from '@casemate/policy/software-device-key'
import type { EscrowView } from '../../local-api.ts'
import { random } from '../console/console-client.ts'
import type { Device } from '../device.ts'
import { RuntimeError } from '../error.ts'
import { checkPassword } from './activate.ts'
import { derivePassphraseKey } from './derive-passphrase-key.ts'
import { makeShares } from './escrow.ts'
import { type InstanceRecord, writeInstance } from './instance-store.ts'
import { readPasswordFloor, replaceKey } from './password-floor.ts'

export interface Opened {
  /** Null where `authentication` is not `passed`. */
  readonly key: Uint8Array | null
  readonly authentication: Request['instance']['authentication']
  readonly record: InstanceRecord
}

/**
 * A wrong password is counted, durably, before anybody hears that it was wrong.
 * @throws PolicyError of a wrapping that does not hold; `instance-key-older` of one from before the password was changed.
 */
export async function openInstance(device: Device, record: InstanceRecord, rules: PasswordRules | null, password: string | null): Promise<Opened> {
  const { instance, key: wrapped, tries } = record
  const { passwordSeq } = await readPasswordFloor(device.layout, instance)
  const name = { instance, passwordSeq }
  const { protection } = await describeInstanceKey(wrapped, name, device.key)
  if (protection === 'device') {
    const key = await openInstanceKey(wrapped, name, device.key, null)
    return { key, authentication: rules === null ? 'passed' : 'unset', record }
  }
  if (password === null || isLocked(tries, device.clock.now)) return { key: null, authentication: 'missing', record }
  try {
    const key = await openInstanceKey(wrapped, name, device.key, { text: password, derive: derivePassphraseKey })
    if (tries.failed === 0) return { key, authentication: 'passed', record }
    const cleared = { ...record, tries: noTries }
    await writeInstance(device.layout, cleared)
    return { key, authentication: 'passed', record: cleared }
  } catch (error) {
    if (!(error instanceof PolicyError) || error.code !== 'password-wrong') throw error
    const next = rules === null ? { ...tries, failed: tries.failed + 1 } : afterWrongPassword(tries, rules, device.clock.now)
    const counted = { ...record, tries: next }
    await writeInstance(device.layout, counted)
    await device.journal.append({ type: 'password-wrong', data: { instance, failed: counted.tries.failed } })
    return { key: null, authentication: 'wrong', record: counted }
  }
}

/** @throws RuntimeError `password-weak`, `refused`; PolicyError `instance-key-older`, `key-list-invalid`; the old password holds then. */
export async function setPassword(
  device: Device,
  record: InstanceRecord,
  rules: PasswordRules | null,
  change: { readonly current: string | null; readonly password: string },
): Promise<EscrowView | null> {
  if (rules !== null) checkPassword(change.password, rules)
  const { key } = await openInstance(device, record, rules, change.current)
  if (key === null) throw new RuntimeError('refused', 'the present password is missing or wrong')
  const protection = { text: change.password, derive: derivePassphraseKey }
  const wrapping = { device: device.key, ephemeral: await generateEphemeralKey(), random, password: protection }
  const floor = await readPasswordFloor(device.layout, record.instance)
  const present = await describeInstanceKey(record.key, { instance: record.instance, passwordSeq: floor.passwordSeq }, device.key)
  const next = { passwordSeq: present.passwordSeq + 1, resetSeq: floor.resetSeq }
  const wrapped = await wrapInstanceKey({ instance: record.instance, passwordSeq: next.passwordSeq }, key, wrapping)
  const escrow = await makeShares(device, record.instance, key)
  await device.journal.append({ type: 'password-set', data: { instance: record.instance } })
  await replaceKey(device.layout, record, wrapped, next)
  return escrow
}
