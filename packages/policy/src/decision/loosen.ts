// SPDX-License-Identifier: Apache-2.0
//
// PO-22: what verified overrides and used rescue codes loosen, and for how long. The policies in force bound each of them; one that goes
// beyond its bound counts for nothing, not for less. Of several extensions the longest holds; exceptions of one setting allow what any of
// them does.
import { type Exception, isWithin, joinExceptions, presentValue } from '../model/exception.ts'
import type { SettingValues } from '../model/settings.ts'
import type { Lease } from '../trust/lease.ts'
import { hasBegun, type Override, type OverrideGrant } from '../trust/override.ts'
import type { Rescue, RescueProblem } from '../trust/rescue-code.ts'
import type { ReasonCode } from './reasons.ts'

export type Loosening = Override | Rescue

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

type Bounds = SettingValues['overrides']

/**
 * @param now Unix seconds on the verified clock.
 * @throws PolicyError `network-rules-too-many`
 */
export function loosen(
  values: SettingValues,
  lease: Pick<Lease, 'iss' | 'sub' | 'cnf'>,
  desktop: string,
  overrides: readonly Loosening[],
  now: number,
): Loosened {
  let loosened = values
  const extensions: Extension[] = []
  const ids: string[] = []
  for (const one of overrides) {
    if (!isInForce(one, lease, desktop, now)) continue
    const extension = extensionOf(one, values.overrides)
    if (extension !== undefined) extensions.push(extension)
    const excepted = one.kind === 'exception' && isAllowed(one, values.overrides) ? except(loosened, one.grant) : loosened
    if (extension !== undefined || excepted !== loosened) ids.push(one.id)
    loosened = excepted
  }
  return { values: loosened, extensions, ids }
}

/** Whether the policies in force let a help desk grant this. @throws PolicyError `network-rules-too-many` */
export function isAllowed({ kind, grant }: OverrideGrant, bounds: Bounds): boolean {
  switch (kind) {
    case 'extension':
      return (grant.expiryDays ?? 0) <= bounds.extendDays && (grant.offlineMinutes ?? 0) <= bounds.extendOfflineMinutes
    case 'exception':
      return bounds.exceptions.some((most) => isWithin(grant, most))
    case 'reset':
      return bounds.reset
  }
}

/** The latest moment to which anything moves this end: never beyond its own, never earlier than it was. */
export function extended(end: number | null, extensions: readonly Extension[], secondsOf: (extension: Extension) => number): number | null {
  if (end === null || extensions.length === 0) return end
  return extensions.reduce((latest, one) => Math.max(latest, Math.min(end + secondsOf(one), one.until)), end)
}

/** Whether a help desk may still let an instance be used whose end by the policies this was. */
export function isExtendable(policyEnd: number, { extendDays }: Bounds, now: number): boolean {
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

function isInForce(one: Loosening, { iss, sub, cnf }: Pick<Lease, 'iss' | 'sub' | 'cnf'>, desktop: string, now: number): boolean {
  return one.iss === iss && one.sub === sub && one.cnf.jkt === cnf.jkt && one.desktop === desktop && hasBegun(one, now) && now < one.exp
}

function extensionOf(one: Loosening, bounds: Bounds): Extension | undefined {
  if (one.kind === 'extension' && isAllowed(one, bounds)) {
    return { expiryDays: one.grant.expiryDays ?? 0, offlineMinutes: one.grant.offlineMinutes ?? 0, until: one.exp }
  }
  if (one.kind !== 'rescue' || !bounds.rescue.includes(one.problem)) return undefined
  // How long is the code's, how far is the policy's.
  return one.problem === 'expired'
    ? { expiryDays: bounds.extendDays, offlineMinutes: 0, until: one.exp }
    : { expiryDays: 0, offlineMinutes: bounds.extendOfflineMinutes, until: one.exp }
}

/** The same values where the exception allows nothing more. */
function except(values: SettingValues, granted: Exception): SettingValues {
  const present = presentValue(values, granted.setting)
  const { setting, value } = joinExceptions(present, granted)
  return JSON.stringify(value) === JSON.stringify(present.value) ? values : { ...values, [setting]: value }
}
