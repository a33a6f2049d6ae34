// SPDX-License-Identifier: Apache-2.0
import type { Condition } from '../model/condition.ts'
import { compareRuntimeVersions } from '../model/names.ts'
import type { Lease } from '../trust/lease.ts'
import type { Facts } from './facts.ts'

/** `unproven`: it might hold, and nothing that the host cannot forge says so, nor says the opposite. */
export type Holds = 'yes' | 'no' | 'unproven'

export interface Circumstances {
  readonly claims: Lease['claims']
  readonly runtimeVersion: string
  readonly network: Facts['network']
  /** Unix seconds, verified. */
  readonly now: number
}

/** `no` if any member does not hold, else `unproven` if any is, else `yes`. */
export function conditionHolds(when: Condition, { claims, runtimeVersion, network, now }: Circumstances): Holds {
  if (when.groups !== undefined && !when.groups.some((group) => claims.groups.includes(group))) return 'no'
  if (when.tags !== undefined && !when.tags.some((tag) => claims.tags.includes(tag))) return 'no'
  if (when.assurance !== undefined && !when.assurance.includes(claims.assurance)) return 'no'
  if (when.runtimeVersion !== undefined && !versionWithin(when.runtimeVersion, runtimeVersion)) return 'no'
  if (when.time !== undefined && !timeWithin(when.time, now)) return 'no'
  if (when.network === undefined) return 'yes'
  // An observed zone proves nothing, neither that the host is there nor that it is elsewhere.
  if (network === null || network.from === 'observed') return 'unproven'
  return when.network.includes(network.value) ? 'yes' : 'no'
}

function versionWithin({ atLeast, below }: NonNullable<Condition['runtimeVersion']>, version: string): boolean {
  return (
    (atLeast === undefined || compareRuntimeVersions(version, atLeast) >= 0) && (below === undefined || compareRuntimeVersions(version, below) < 0)
  )
}

function timeWithin({ notBefore, before, weekly }: NonNullable<Condition['time']>, now: number): boolean {
  if (notBefore !== undefined && now * 1000 < Date.parse(notBefore)) return false
  if (before !== undefined && now * 1000 >= Date.parse(before)) return false
  return weekly === undefined || weeklyHolds(weekly, now)
}

const dayNames = ['thu', 'fri', 'sat', 'sun', 'mon', 'tue', 'wed'] as const

function weeklyHolds({ days, from, to, utcOffset }: NonNullable<NonNullable<Condition['time']>['weekly']>, now: number): boolean {
  const offset = (utcOffset.startsWith('-') ? -1 : 1) * minutesOf(utcOffset.slice(1))
  const minute = Math.floor(now / 60) + offset
  const [start, end] = [minutesOf(from), minutesOf(to)]
  const length = end > start ? end - start : end - start + 1440
  // The window that may hold now began today, or yesterday when it goes over midnight.
  return [0, 1].some((back) => {
    const day = Math.floor(minute / 1440) - back
    const since = minute - (day * 1440 + start)
    // 1 January 1970 was a Thursday.
    const name = dayNames[((day % 7) + 7) % 7]
    return name !== undefined && days.includes(name) && since >= 0 && since < length
  })
}

function minutesOf(text: string): number {
  return Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5))
}
