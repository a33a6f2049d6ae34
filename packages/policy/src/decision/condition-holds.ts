// SPDX-License-Identifier: Apache-2.0
import type { Condition } from '../model/condition.ts'
import { versionNumber } from '../model/names.ts'
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

/** The groups and tags of which a release's conditions speak, each as a number: to compare names would be most of a decision. */
export type NameNumbers = Map<string, number>

/** {@link Circumstances}, read once for all conditions. */
export interface Found {
  /** Of those of which conditions speak. */
  readonly groups: readonly number[]
  readonly tags: readonly number[]
  readonly assurance: string
  readonly version: number
  readonly network: Facts['network']
  readonly now: number
}

export function readCircumstances({ claims, runtimeVersion, network, now }: Circumstances, names: NameNumbers): Found {
  const { groups, tags, assurance } = claims
  return { groups: known(groups, names), tags: known(tags, names), assurance, version: versionNumber(runtimeVersion), network, now }
}

function known(found: readonly string[], names: NameNumbers): readonly number[] {
  const numbers: number[] = []
  for (const name of found) {
    const number = names.get(name)
    if (number !== undefined) numbers.push(number)
  }
  return numbers
}

/** A `when`, read once, so that every decision only compares. Null: whatever is found. */
export interface ReadCondition {
  /** Among those of its release, from 0; equal ones have one number. */
  readonly number: number
  readonly groups: readonly number[] | null
  readonly tags: readonly number[] | null
  readonly assurance: readonly string[] | null
  readonly version: { readonly atLeast: number; readonly below: number } | null
  readonly time: ReadTime | null
  readonly network: readonly string[] | null
}

interface ReadTime {
  /** Unix seconds. */
  readonly from: number
  readonly until: number
  /** Minutes: after midnight, and what is to be added to UTC. */
  readonly weekly: { readonly days: readonly string[]; readonly start: number; readonly length: number; readonly offset: number } | null
}

/** @param names takes up those that are new to it. */
export function readCondition(when: Condition, number: number, names: NameNumbers): ReadCondition {
  const { groups, tags, assurance, runtimeVersion, time, network } = when
  const numbered = (list: readonly string[] | undefined) => list?.map((name) => numberOf(name, names)) ?? null
  return {
    number,
    groups: numbered(groups),
    tags: numbered(tags),
    assurance: assurance ?? null,
    version: runtimeVersion === undefined ? null : readVersions(runtimeVersion),
    time: time === undefined ? null : readTime(time),
    network: network ?? null,
  }
}

function numberOf(name: string, names: NameNumbers): number {
  const number = names.get(name) ?? names.size
  names.set(name, number)
  return number
}

/** Whether a `when` holds: `no` if any member does not, else `unproven` if any is, else `yes`. */
export function conditionHolds({ groups, tags, assurance, version, time, network }: ReadCondition, found: Found): Holds {
  if (groups !== null && !shareOne(found.groups, groups)) return 'no'
  if (tags !== null && !shareOne(found.tags, tags)) return 'no'
  if (assurance !== null && !assurance.includes(found.assurance)) return 'no'
  if (version !== null && (found.version < version.atLeast || found.version >= version.below)) return 'no'
  if (time !== null && !isTime(time, found.now)) return 'no'
  if (network === null) return 'yes'
  // An observed zone proves nothing, neither that the host is there nor that it is elsewhere.
  if (found.network === null || found.network.from === 'observed') return 'unproven'
  return network.includes(found.network.value) ? 'yes' : 'no'
}

/** Both lists are short; a call of `includes` would cost more than it saves. */
function shareOne(one: readonly number[], other: readonly number[]): boolean {
  for (const name of one) for (const wanted of other) if (name === wanted) return true
  return false
}

function readVersions({ atLeast, below }: NonNullable<Condition['runtimeVersion']>): ReadCondition['version'] {
  return { atLeast: atLeast === undefined ? 0 : versionNumber(atLeast), below: below === undefined ? Number.POSITIVE_INFINITY : versionNumber(below) }
}

function readTime({ notBefore, before, weekly }: NonNullable<Condition['time']>): ReadTime {
  return {
    from: notBefore === undefined ? Number.NEGATIVE_INFINITY : Date.parse(notBefore) / 1000,
    until: before === undefined ? Number.POSITIVE_INFINITY : Date.parse(before) / 1000,
    weekly: weekly === undefined ? null : readWeekly(weekly),
  }
}

function readWeekly({ days, from, to, utcOffset }: NonNullable<NonNullable<Condition['time']>['weekly']>): ReadTime['weekly'] {
  const [start, end] = [minutesOf(from), minutesOf(to)]
  const offset = (utcOffset.startsWith('-') ? -1 : 1) * minutesOf(utcOffset.slice(1))
  return { days, start, length: end > start ? end - start : end - start + 1440, offset }
}

function isTime({ from, until, weekly }: ReadTime, now: number): boolean {
  return now >= from && now < until && (weekly === null || weeklyHolds(weekly, now))
}

const dayNames = ['thu', 'fri', 'sat', 'sun', 'mon', 'tue', 'wed'] as const

function weeklyHolds({ days, start, length, offset }: NonNullable<ReadTime['weekly']>, now: number): boolean {
  const minute = Math.floor(now / 60) + offset
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
