// SPDX-License-Identifier: Apache-2.0
//
// The `when` of a rule for people, and in one spelling: two conditions with the same spelling hold for the same devices at the same time.
import { canonicalJson } from './canonical-json.ts'
import type { Condition } from './condition.ts'

const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

/** As the end of "when …"; null: always. */
export function conditionWords(when: Condition): string | null {
  const { groups, tags, assurance, runtimeVersion, network, time } = normalCondition(when)
  const parts = [
    groups === undefined ? [] : `in ${several('group', groups)}`,
    tags === undefined ? [] : `with ${several('tag', tags)}`,
    assurance === undefined ? [] : `keys held in ${assurance.map((how) => (how === 'tpm' ? 'a TPM' : 'software')).join(' or ')}`,
    runtimeVersion?.atLeast === undefined ? [] : `runtime ${runtimeVersion.atLeast} or later`,
    runtimeVersion?.below === undefined ? [] : `runtime before ${runtimeVersion.below}`,
    network === undefined ? [] : `in ${several('network', network)}`,
    time?.notBefore === undefined ? [] : `from ${time.notBefore} on`,
    time?.before === undefined ? [] : `before ${time.before}`,
    time?.weekly === undefined ? [] : weeklyWords(time.weekly),
  ].flat()
  return parts.length === 0 ? null : parts.join(', ')
}

/** One text for one condition, whatever its order and spelling. */
export function conditionKey(when: Condition): string {
  return canonicalJson(normalCondition(when))
}

/** A member that asks nothing holds always, and is left out. */
function normalCondition({ groups, tags, assurance, runtimeVersion, network, time }: Condition): Condition {
  return {
    ...(groups === undefined ? {} : { groups: sorted(groups) }),
    ...(tags === undefined ? {} : { tags: sorted(tags) }),
    ...(assurance === undefined ? {} : { assurance: sorted(assurance) }),
    ...(asksSomething(runtimeVersion) ? { runtimeVersion } : {}),
    ...(network === undefined ? {} : { network: sorted(network) }),
    ...(asksSomething(time) ? { time: normalTime(time) } : {}),
  }
}

function normalTime({ notBefore, before, weekly }: NonNullable<Condition['time']>): NonNullable<Condition['time']> {
  const days = weekdays.filter((day) => weekly?.days.includes(day))
  return {
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(before === undefined ? {} : { before }),
    ...(weekly === undefined ? {} : { weekly: { ...weekly, days, utcOffset: weekly.utcOffset.replace('-00:00', '+00:00') } }),
  }
}

function asksSomething<T extends object>(member: T | undefined): member is T {
  return member !== undefined && Object.values(member).some((value) => value !== undefined)
}

function sorted<T extends string>(list: readonly T[]): T[] {
  return [...new Set(list)].sort()
}

function several(what: string, names: readonly string[]): string {
  const quoted = names.map((name) => `\`${name}\``)
  return names.length === 1 ? `${what} ${quoted.join('')}` : `one of the ${what}s ${quoted.join(', ')}`
}

function weeklyWords({ days, from, to, utcOffset }: NonNullable<NonNullable<Condition['time']>['weekly']>): string {
  const night = from < to ? '' : ' of the next day'
  return `${days.join(', ')} from ${from} to ${to}${night} (UTC${utcOffset})`
}
