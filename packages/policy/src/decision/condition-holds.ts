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

/** Whether a `when` holds: `no` if any member does not, else `unproven` if any is, else `yes`. */
export type Holding = (circumstances: Circumstances) => Holds

type Check = (circumstances: Circumstances) => boolean

/** Reads a condition once, so that every decision only compares. */
export function readCondition({ groups, tags, assurance, runtimeVersion, time, network }: Condition): Holding {
  const checks: Check[] = []
  if (groups !== undefined) checks.push(({ claims }) => shareOne(claims.groups, groups))
  if (tags !== undefined) checks.push(({ claims }) => shareOne(claims.tags, tags))
  if (assurance !== undefined) checks.push(({ claims }) => assurance.includes(claims.assurance))
  if (runtimeVersion !== undefined) checks.push(({ runtimeVersion: found }) => versionWithin(runtimeVersion, found))
  if (time !== undefined) checks.push(timeCheck(time))
  if (network === undefined) return checks.length === 0 ? always : (circumstances) => (allHold(checks, circumstances) ? 'yes' : 'no')
  return (circumstances) => {
    if (!allHold(checks, circumstances)) return 'no'
    const { network: found } = circumstances
    // An observed zone proves nothing, neither that the host is there nor that it is elsewhere.
    if (found === null || found.from === 'observed') return 'unproven'
    return network.includes(found.value) ? 'yes' : 'no'
  }
}

const always: Holding = () => 'yes'

function allHold(checks: readonly Check[], circumstances: Circumstances): boolean {
  for (const check of checks) if (!check(circumstances)) return false
  return true
}

function shareOne(one: readonly string[], other: readonly string[]): boolean {
  for (const name of one) if (other.includes(name)) return true
  return false
}

function versionWithin({ atLeast, below }: NonNullable<Condition['runtimeVersion']>, version: string): boolean {
  return (
    (atLeast === undefined || compareRuntimeVersions(version, atLeast) >= 0) && (below === undefined || compareRuntimeVersions(version, below) < 0)
  )
}

function timeCheck({ notBefore, before, weekly }: NonNullable<Condition['time']>): Check {
  const start = notBefore === undefined ? Number.NEGATIVE_INFINITY : Date.parse(notBefore)
  const end = before === undefined ? Number.POSITIVE_INFINITY : Date.parse(before)
  return ({ now }) => now * 1000 >= start && now * 1000 < end && (weekly === undefined || weeklyHolds(weekly, now))
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
