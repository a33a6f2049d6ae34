// SPDX-License-Identifier: Apache-2.0
//
// PO-21 and PO-22: what verified overrides, used rescue codes and an administrator at the device loosen, and for how long. The policies in
// force bound each of them; one that goes beyond its bound counts for nothing, not for less. Of several extensions the longest holds;
// exceptions of one setting allow what any of them does.
import { type Exception, isWithin, joinExceptions, presentValue } from '../model/exception.ts'
import type { SettingValues } from '../model/settings.ts'
import type { AdministratorGrant } from '../trust/administrator-grant.ts'
import { readAdministratorKey } from '../trust/administrator-key.ts'
import type { Lease } from '../trust/lease.ts'
import { hasBegun, type Override, type OverrideGrant } from '../trust/override.ts'
import type { Rescue, RescueProblem } from '../trust/rescue-code.ts'
import type { ReasonCode } from './reasons.ts'

export type Loosening = Override | Rescue | AdministratorGrant

export interface Extension {
  readonly expiryDays: number
  readonly offlineMinutes: number
  /** Unix seconds: at this moment it is over. */
  readonly until: number
}

export interface Loosened {
  readonly values: SettingValues
  readonly extensions: readonly Extension[]
  /** Of what is counted in. */
  readonly ids: readonly string[]
}

type Bounds = Pick<SettingValues, 'overrides' | 'moved-instances'>
type Bound = Pick<Lease, 'iss' | 'sub' | 'cnf' | 'seq'>

/**
 * @param now Unix seconds on the verified clock.
 * @throws PolicyError `network-rules-too-many`
 */
export function loosen(values: SettingValues, lease: Bound, desktop: string, overrides: readonly Loosening[], now: number): Loosened {
  let loosened = values
  const extensions: Extension[] = []
  const ids: string[] = []
  for (const one of overrides) {
    if (!isInForce(one, lease, desktop, now)) continue
    const extension = extensionOf(one, values)
    if (extension !== undefined) extensions.push(extension)
    const excepted = exceptionsOf(one, values).reduce(except, loosened)
    if (extension !== undefined || excepted !== loosened) ids.push(one.id)
    loosened = excepted
  }
  return { values: loosened, extensions, ids }
}

/** Whether the policies in force let a help desk grant this. @throws PolicyError `network-rules-too-many` */
export function isAllowed({ kind, grant }: OverrideGrant, bounds: Bounds): boolean {
  const { overrides } = bounds
  switch (kind) {
    case 'extension':
      return (grant.expiryDays ?? 0) <= overrides.extendDays && (grant.offlineMinutes ?? 0) <= overrides.extendOfflineMinutes
    case 'exception':
      return overrides.exceptions.some((most) => isWithin(grant, most))
    case 'reset':
      return overrides.reset
    case 'move':
      return bounds['moved-instances'] === 'consent'
  }
}

/** The latest moment to which anything moves this end: never beyond its own, never earlier than it was. */
export function extended(end: number | null, extensions: readonly Extension[], secondsOf: (extension: Extension) => number): number | null {
  if (end === null || extensions.length === 0) return end
  return extensions.reduce((latest, one) => Math.max(latest, Math.min(end + secondsOf(one), one.until)), end)
}

/** Whether a help desk may still let an instance be used whose end by the policies this was. */
export function isExtendable(policyEnd: number, { extendDays }: SettingValues['overrides'], now: number): boolean {
  return now < policyEnd + extendDays * 86_400
}

/** What a rescue code would have to mend; undefined: no code helps. */
export function problemOf(code: ReasonCode): RescueProblem | undefined {
  switch (code) {
    case 'instance-expired':
      return 'expired'
    case 'offline-too-long':
    case 'offline-runtime-used-up':
      return 'offline'
    case 'authentication-locked':
      return 'locked'
    default:
      return undefined
  }
}

/** Whether its time has come and is not over, for this device, desktop and lease. */
export function isInForce(one: Loosening, { iss, sub, cnf, seq }: Bound, desktop: string, now: number): boolean {
  // Made under a lease that is not there any more, or not yet: this device went back, or its state is another one's.
  if (one.kind === 'administrator' && one.seq > seq) return false
  return one.iss === iss && one.sub === sub && one.cnf.jkt === cnf.jkt && one.desktop === desktop && hasBegun(one, now) && now < one.exp
}

function extensionOf(one: Loosening, bounds: Bounds): Extension | undefined {
  const { overrides } = bounds
  if (one.kind === 'extension' && isAllowed(one, bounds)) {
    return { expiryDays: one.grant.expiryDays ?? 0, offlineMinutes: one.grant.offlineMinutes ?? 0, until: one.exp }
  }
  if (one.kind !== 'rescue' || !overrides.rescue.includes(one.problem)) return undefined
  // How long is the code's, how far is the policy's.
  return one.problem === 'expired'
    ? { expiryDays: overrides.extendDays, offlineMinutes: 0, until: one.exp }
    : { expiryDays: 0, offlineMinutes: overrides.extendOfflineMinutes, until: one.exp }
}

function exceptionsOf(one: Loosening, values: SettingValues): readonly Exception[] {
  if (one.kind === 'exception') return isAllowed(one, values) ? [one.grant] : []
  return one.kind === 'administrator' && isWithinMode(one, values['administrator-mode']) ? one.exceptions : []
}

/** Whether the policies in force let the administrator who knows this key's password do all of it. @throws PolicyError `network-rules-too-many` */
export function isWithinMode(
  { by, iat, exp, exceptions }: Pick<AdministratorGrant, 'by' | 'iat' | 'exp' | 'exceptions'>,
  mode: SettingValues['administrator-mode'],
): boolean {
  if (mode.mode === 'off' || by !== readAdministratorKey(mode.key).publicJwk.x || exp - iat > mode.maxMinutes * 60) return false
  return exceptions.every((one) => mode.allows.some((most) => isWithin(one, most)))
}

/** The same values where the exception allows nothing more. */
function except(values: SettingValues, granted: Exception): SettingValues {
  const present = presentValue(values, granted.setting)
  const { setting, value } = joinExceptions(present, granted)
  return JSON.stringify(value) === JSON.stringify(present.value) ? values : { ...values, [setting]: value }
}
