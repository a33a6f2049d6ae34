// SPDX-License-Identifier: Apache-2.0
//
// Why a device has the settings that it has: for each, the rules that decide it and those that lost, with layer and document. It asks
// the same merge that decisions use, leaving one rule out at a time, so that it cannot tell another story.
import { PolicyError } from '../error.ts'
import { sameValue } from '../model/compare-values.ts'
import { conditionWords } from '../model/condition-words.ts'
import type { LayerReference } from '../model/release.ts'
import { catalogue, type SettingName, type SettingValues, settingNames } from '../model/settings.ts'
import type { Lease } from '../trust/lease.ts'
import type { Circumstances } from './condition-holds.ts'
import { effectiveValue, type PlacedRule, type PolicyLayers, ruleHolds, type Standing, standingOf } from './merge.ts'

export interface RuleSource {
  readonly layer: LayerReference['layer']
  readonly path: string
  readonly sha256: string
  /** Index of the rule in its document. */
  readonly rule: number
  /** The rule's own value, in words. */
  readonly words: string
  /** Its condition in words; null: always. */
  readonly when: string | null
  readonly locked: boolean
}

/**
 * `other-device`: its layer is not this device's. `condition`: its `when` does not hold. `unproven`: it would loosen, and only an unproven
 * fact says that it may. `outvoted`: a stricter rule, a nearer one, or a lock decides.
 */
export const lostReasons = ['other-device', 'condition', 'unproven', 'outvoted'] as const
export type LostBecause = (typeof lostReasons)[number]

export const lostWords: Readonly<Record<LostBecause, string>> = {
  'other-device': 'its layer is for others',
  condition: 'its condition does not hold',
  unproven: 'nothing proves that its condition holds, and it would loosen',
  outvoted: 'a stricter or nearer rule, or a lock, decides',
}

export interface Explanation {
  readonly setting: SettingName
  readonly words: string
  /** As JSON has it; null: the rules together are too much to work out, and every decision refuses. */
  readonly value: SettingValues[SettingName] | null
  /** Empty: the default of the catalogue. */
  readonly from: readonly RuleSource[]
  readonly lost: readonly (RuleSource & { readonly because: LostBecause })[]
}

export function explain(layers: PolicyLayers, lease: Pick<Lease, 'sub' | 'claims'>, circumstances: Circumstances): readonly Explanation[] {
  const standing = standingOf(layers, lease, circumstances)
  return settingNames.map((name) => explainSetting(name, layers, standing))
}

function explainSetting<N extends SettingName>(name: N, layers: PolicyLayers, device: Standing): Explanation {
  const rules: readonly PlacedRule<N>[] = layers.rules[name]
  const standing = rules.filter((rule) => ruleHolds(rule, device) !== 'no')
  const value = valueUnder(name, rules, device)
  const winners = value === null ? standing : winnersOf(name, standing, device, value)
  const sourceOf = (rule: PlacedRule<N>): RuleSource => ({
    layer: rule.reference.layer,
    path: rule.reference.path,
    sha256: rule.reference.sha256,
    rule: rule.index,
    words: words(name, rule.value),
    when: conditionWords(layers.documents[rule.document]?.policy?.rules[rule.index]?.when ?? {}),
    locked: rule.locked,
  })
  const lost = rules.filter((rule) => !winners.includes(rule)).map((rule) => ({ ...sourceOf(rule), because: lostBecause(rule, device) }))
  return { setting: name, words: value === null ? 'too many rules together' : words(name, value), value, from: winners.map(sourceOf), lost }
}

function valueUnder<N extends SettingName>(name: N, rules: readonly PlacedRule<N>[], device: Standing): SettingValues[N] | null {
  try {
    return effectiveValue(name, rules, device)
  } catch (error) {
    if (error instanceof PolicyError && error.code === 'network-rules-too-many') return null
    throw error
  }
}

function winnersOf<N extends SettingName>(
  name: N,
  standing: readonly PlacedRule<N>[],
  device: Standing,
  value: SettingValues[N],
): readonly PlacedRule<N>[] {
  const without = (rule: PlacedRule<N>) => standing.filter((other) => other !== rule)
  const decisive = standing.filter((rule) => !sameValue(valueUnder(name, without(rule), device), value))
  // Where several say the same, each could be left out: then all of them are the source.
  return decisive.length > 0 ? decisive : standing.filter((rule) => sameValue(rule.value, value) && ruleHolds(rule, device) === 'yes')
}

function lostBecause(rule: PlacedRule<SettingName>, device: Standing): LostBecause {
  if (device.applying[rule.document] !== true) return 'other-device'
  const holds = ruleHolds(rule, device)
  return holds === 'no' ? 'condition' : holds === 'unproven' ? 'unproven' : 'outvoted'
}

function words<N extends SettingName>(name: N, value: SettingValues[N]): string {
  return catalogue[name].words(value)
}
