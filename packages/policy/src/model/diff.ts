// SPDX-License-Identifier: Apache-2.0
//
// What a new version of a policy changes, in words for people who approve it. Rules of one setting under one condition count as one, since
// within a document all that hold meet; so order, spelling and a rule said twice are no change. Nothing that changes is left out.

import { type Direction, differences, directionOf, meetValues, normalValue } from './compare-values.ts'
import type { Condition } from './condition.ts'
import { conditionKey, conditionWords } from './condition-words.ts'
import type { Policy } from './policy.ts'
import type { PolicyTest } from './policy-test.ts'
import { catalogue, type SettingName, type SettingValues, settingNames } from './settings.ts'
import { type ChangeKind, type TextChange, textChanges } from './text-changes.ts'

export interface RuleSide {
  /** Of the catalogue, which may leave out a part of the value. */
  readonly words: string
  /** The whole value, as JSON. */
  readonly value: string
  readonly locked: boolean
}

export interface RuleChange {
  readonly setting: SettingName
  /** In words; null: always. */
  readonly when: string | null
  readonly kind: ChangeKind
  /**
   * Of this document alone, where this condition holds and no other one does; where no rule is left, against the default. `same`: the
   * change has no effect there, such as a second rule that is looser than the first.
   */
  readonly direction: Direction | 'same'
  readonly before: RuleSide | null
  readonly after: RuleSide | null
  /** Of `changed`: each place of the value that differs. */
  readonly details: readonly string[]
}

/** All lists empty: nothing but order or spelling changed. */
export interface PolicyDiff {
  /** `name`, `version`, `minRuntime`. */
  readonly fields: readonly TextChange[]
  /** In the order of the catalogue; the rule without a condition first. */
  readonly rules: readonly RuleChange[]
  readonly tests: readonly TextChange[]
}

/** @param before null for the first version: all of it is added. */
export function diffPolicies(before: Policy | null, after: Policy): PolicyDiff {
  const fields = (document: Policy | null) =>
    new Map(document === null ? [] : (['name', 'version', 'minRuntime'] as const).map((field) => [field, document[field]]))
  return {
    fields: textChanges(fields(before), fields(after)),
    rules: settingNames.flatMap((name) => settingChanges(name, before, after)),
    tests: textChanges(testsOf(before), testsOf(after)),
  }
}

interface Group<N extends SettingName> {
  readonly when: Condition
  /** In normal form, one where they can be met. */
  readonly values: readonly SettingValues[N][]
  readonly locked: boolean
}

type Groups<N extends SettingName> = ReadonlyMap<string, Group<N>>

const always = conditionKey({})

function settingChanges<N extends SettingName>(name: N, before: Policy | null, after: Policy): readonly RuleChange[] {
  const [old, next] = [groupsOf(name, before), groupsOf(name, after)]
  const keys = [...new Set([...old.keys(), ...next.keys()])].sort(
    (one, other) => Number(other === always) - Number(one === always) || (one < other ? -1 : 1),
  )
  return keys.flatMap((key) => {
    const [was, is] = [old.get(key), next.get(key)]
    const [left, right] = [sideOf(name, was), sideOf(name, is)]
    if (left?.value === right?.value && left?.locked === right?.locked) return []
    const kind = left === null ? 'added' : right === null ? 'removed' : 'changed'
    const details = kind === 'changed' ? differences(plain(was), plain(is)) : []
    const direction = ruleDirection(name, effectOf(name, old, key), effectOf(name, next, key))
    return [{ setting: name, when: conditionWords((is ?? was)?.when ?? {}), kind, direction, before: left, after: right, details }]
  })
}

function groupsOf<N extends SettingName>(name: N, document: Policy | null): Groups<N> {
  const groups = new Map<string, Group<N>>()
  for (const { setting, value, locked, when } of document?.rules ?? []) {
    if (setting !== name) continue
    const key = conditionKey(when)
    const had = groups.get(key)
    // The schema of the setting that the rule names has given it this type.
    const own = normalValue(name, catalogue[name].value.parse(value))
    groups.set(key, { when, values: meetAll(name, [...(had?.values ?? []), own]), locked: locked || (had?.locked ?? false) })
  }
  return groups
}

function meetAll<N extends SettingName>(name: N, values: readonly SettingValues[N][]): readonly SettingValues[N][] {
  const met = values.reduce<SettingValues[N] | null>((one, other) => (one === null ? null : meetValues(name, one, other)), values[0] ?? null)
  return met === null ? values : [met]
}

function sideOf<N extends SettingName>(name: N, group: Group<N> | undefined): RuleSide | null {
  if (group === undefined) return null
  const words = group.values.map((value) => catalogue[name].words(value)).join('; and ')
  return { words, value: JSON.stringify(plain(group)), locked: group.locked }
}

function plain<N extends SettingName>(group: Group<N> | undefined): unknown {
  return group?.values.length === 1 ? group.values[0] : group?.values
}

interface Effect<N extends SettingName> {
  /** Null: too much to work out. */
  readonly value: SettingValues[N] | null
  readonly locked: boolean
}

/** What the document gives where the condition holds and no other one does. */
function effectOf<N extends SettingName>(name: N, groups: Groups<N>, key: string): Effect<N> {
  const holding = [...new Set([always, key])].flatMap((held) => groups.get(held) ?? [])
  const values = meetAll(
    name,
    holding.flatMap((group) => group.values),
  )
  const [value = normalValue(name, catalogue[name].default), ...more] = values
  return { value: more.length === 0 ? value : null, locked: holding.some(({ locked }) => locked) }
}

function ruleDirection<N extends SettingName>(name: N, before: Effect<N>, after: Effect<N>): Direction | 'same' {
  const value = before.value === null || after.value === null ? 'other' : directionOf(name, before.value, after.value)
  // Where the strictest wins, nearer layers could not loosen it in any case.
  if (before.locked === after.locked || catalogue[name].merge === 'strictest') return value
  const lock = after.locked ? 'tightened' : 'loosened'
  return value === 'same' || value === lock ? lock : 'other'
}

function testsOf(document: Policy | null): ReadonlyMap<string, string> {
  const byName = Map.groupBy(document?.tests ?? [], ({ name }) => name)
  return new Map([...byName].map(([name, tests]) => [name, [...new Set(tests.map(testWords))].sort().join('; and ')]))
}

function testWords({ given, expect }: PolicyTest): string {
  const { groups, tags, assurance, runtimeVersion, network, time } = given
  const circumstances = [
    groups.length === 0 ? [] : `groups ${groups.toSorted().join(', ')}`,
    tags.length === 0 ? [] : `tags ${tags.toSorted().join(', ')}`,
    assurance === 'tpm' ? 'keys in a TPM' : [],
    runtimeVersion === undefined ? [] : `runtime ${runtimeVersion}`,
    network === undefined ? [] : `network ${network}`,
    time === undefined ? [] : time,
  ].flat()
  const expected = settingNames.flatMap((name) => expectedWords(name, expect[name]) ?? [])
  return `given ${circumstances.join(', ') || 'nothing'}, expect ${expected.join(', ')}`
}

function expectedWords<N extends SettingName>(name: N, value: unknown): string | undefined {
  const { value: schema, words } = catalogue[name]
  if (value === undefined) return undefined
  const own = normalValue(name, schema.parse(value))
  return `\`${name}\` ${words(own)} (${JSON.stringify(own)})`
}
