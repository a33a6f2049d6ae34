// SPDX-License-Identifier: Apache-2.0
//
// Two values of one setting against each other: which is the stricter, and what differs in them. It asks the catalogue's own meet, so
// that it cannot tell another story than a decision.
import { PolicyError } from '../error.ts'
import { catalogue, type SettingName, type SettingValues } from './settings.ts'

/** `other`: allows something that was not allowed, and forbids something that was. */
export type Direction = 'tightened' | 'loosened' | 'other'

/** @param old and `next` in normal form */
export function directionOf<N extends SettingName>(name: N, old: SettingValues[N], next: SettingValues[N]): Direction | 'same' {
  if (sameValue(old, next)) return 'same'
  const met = meetValues(name, old, next)
  if (met === null) return 'other'
  return sameValue(met, next) ? 'tightened' : sameValue(met, old) ? 'loosened' : 'other'
}

/** What both allow; null where that is too much to work out. */
export function meetValues<N extends SettingName>(name: N, one: SettingValues[N], other: SettingValues[N]): SettingValues[N] | null {
  try {
    return catalogue[name].meet(one, other)
  } catch (error) {
    if (error instanceof PolicyError && error.code === 'network-rules-too-many') return null
    throw error
  }
}

export function normalValue<N extends SettingName>(name: N, value: SettingValues[N]): SettingValues[N] {
  return catalogue[name].meet(value, value)
}

/** Values in normal form have one spelling each. */
export function sameValue(one: unknown, other: unknown): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other)
}

/**
 * Each place in which two JSON values differ, as `place: before → after`; of lists, what came and what went. Words may leave out a part
 * of a value; this leaves out nothing.
 */
export function differences(before: unknown, after: unknown, place = ''): readonly string[] {
  if (sameValue(before, after)) return []
  if (Array.isArray(before) && Array.isArray(after)) return listDifferences(before, after, place)
  if (isRecord(before) && isRecord(after)) {
    const members = new Set([...Object.keys(before), ...Object.keys(after)])
    return [...members].flatMap((member) => differences(before[member], after[member], place === '' ? member : `${place}.${member}`))
  }
  return [`${place === '' ? 'value' : place}: ${textOf(before)} → ${textOf(after)}`]
}

function listDifferences(before: readonly unknown[], after: readonly unknown[], place: string): readonly string[] {
  const [old, next] = [before.map(textOf), after.map(textOf)]
  const changes = [...missingFrom(next, old).map((item) => `− ${item}`), ...missingFrom(old, next).map((item) => `+ ${item}`)]
  return (changes.length === 0 ? ['another order'] : changes).map((change) => `${place === '' ? 'list' : place}: ${change}`)
}

/** What `items` has more often than `others`. */
function missingFrom(others: readonly string[], items: readonly string[]): readonly string[] {
  const left = [...others]
  return items.filter((item) => {
    const at = left.indexOf(item)
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textOf(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value)
}
