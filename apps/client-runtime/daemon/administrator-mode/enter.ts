// SPDX-License-Identifier: Apache-2.0
//
// PO-21: an administrator's password, typed at this device, opens the key that signs what is loosened here for a while. A wrong one is
// counted, durably, before anybody hears that it was wrong.
import { type AdministratorGrant, signAdministratorGrant, verifyAdministratorGrant } from '@casemate/policy/administrator-grant'
import { openAdministratorKey, readAdministratorKey } from '@casemate/policy/administrator-key'
import { encodeBase64url } from '@casemate/policy/base64url'
import { PolicyError } from '@casemate/policy/error'
import type { Lease } from '@casemate/policy/lease'
import { afterWrongPassword, isLocked, noTries } from '@casemate/policy/password'
import { reason } from '@casemate/policy/reason'
import { random } from '../console/console-client.ts'
import { type Device, factsOf } from '../device.ts'
import { readDesktop } from '../documents/desktop-documents.ts'
import { RuntimeError } from '../error.ts'
import { refusalOf } from '../instances/activate.ts'
import { derivePassphraseKey } from '../instances/derive-passphrase-key.ts'
import { type AdministratorMode, modeOf } from './present-grant.ts'

export interface Entering {
  readonly desktop: string
  readonly password: string
  /** Null: as long as the policies allow. */
  readonly minutes: number | null
  /** Null: all that the policies let be loosened. */
  readonly settings: readonly string[] | null
}

type Allowed = Extract<AdministratorMode, { mode: 'password' }>

/**
 * @throws RuntimeError `administrator-mode-off`, `administrator-mode-locked`, `administrator-mode-too-long`, `setting-unknown`, `refused`;
 * PolicyError `password-wrong`. Nothing is loosened then.
 */
export async function enterAdministratorMode(device: Device, wanted: Entering): Promise<AdministratorGrant> {
  const { administrator, clock, journal, owner } = device
  const { desktop } = wanted
  const { mode, lease } = await allowedHere(device, desktop)
  const now = clock.now
  const [minutes, exceptions] = [minutesOf(wanted, mode), exceptionsOf(wanted, mode)]
  const tries = administrator.triesOf(desktop)
  if (isLocked(tries, now)) throw new RuntimeError('administrator-mode-locked', 'too many wrong passwords: wait before the next try')
  const key = readAdministratorKey(mode.key)
  try {
    const signer = await openAdministratorKey(key, { text: wanted.password, derive: derivePassphraseKey })
    const { issuer: iss, device: own } = owner
    const id = encodeBase64url(random(16))
    const times = { seq: lease.seq, iat: now, exp: Math.min(now + minutes * 60, lease.exp) }
    const claims = { iss, sub: own.id, cnf: { jkt: own.jkt }, id, desktop, ...times, exceptions: [...exceptions] }
    const token = await signAdministratorGrant(claims, signer)
    const grant = await verifyAdministratorGrant(token, { ...owner, key: key.publicJwk })
    const settings = exceptions.map(({ setting }) => setting)
    await journal.append({ type: 'administrator-mode-entered', data: { id, desktop, exp: grant.exp, settings } })
    await administrator.write(desktop, { tries: noTries, token })
    return grant
  } catch (error) {
    if (!(error instanceof PolicyError) || error.code !== 'password-wrong') throw error
    const next = afterWrongPassword(tries, mode, now)
    await administrator.write(desktop, { tries: next })
    await journal.append({ type: 'administrator-mode-refused', data: { desktop, failed: next.failed } })
    throw error
  }
}

async function allowedHere(device: Device, desktop: string): Promise<{ readonly mode: Allowed; readonly lease: Lease }> {
  const { clock, documents, leases } = device
  const { lease } = leases
  if (lease === null) throw refusalOf([reason('lease-missing')])
  if (clock.behind) throw refusalOf([reason('clock-behind', clock.reading)])
  if (clock.now >= lease.exp) throw refusalOf([reason('lease-expired', { at: lease.exp })])
  const held = await readDesktop(documents.place, desktop, lease)
  const mode = held === undefined ? { mode: 'off' as const } : modeOf(held, lease, await factsOf(device, []), clock.now)
  if (mode.mode === 'off') throw new RuntimeError('administrator-mode-off', `the policies of \`${desktop}\` allow no administrator mode here`)
  return { mode, lease }
}

function minutesOf({ minutes }: Entering, { maxMinutes }: Allowed): number {
  if (minutes === null) return maxMinutes
  if (minutes <= maxMinutes) return minutes
  throw new RuntimeError('administrator-mode-too-long', `expected ${maxMinutes} minutes or less, as the policies allow, found ${minutes}`)
}

function exceptionsOf({ settings }: Entering, { allows }: Allowed): Allowed['allows'] {
  const unknown = settings?.find((name) => !allows.some(({ setting }) => setting === name))
  if (unknown !== undefined) throw new RuntimeError('setting-unknown', `the policies do not let an administrator loosen \`${unknown.slice(0, 64)}\``)
  return settings === null ? allows : allows.filter(({ setting }) => settings.includes(setting))
}
