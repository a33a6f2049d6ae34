// SPDX-License-Identifier: Apache-2.0
//
// Why a device has the settings that it has: for each, the rules that decide it and those that lost, with layer and document. It asks
// the same merge that decisions use, leaving one rule out at a time, so that it cannot tell another story.
import type { LayerReference } from '../model/release.ts'
import { catalogue, type SettingName, type SettingValues, settingNames } from '../model/settings.ts'
import type { Lease } from '../trust/lease.ts'
import type { Circumstances } from './condition-holds.ts'
import { applyingLayers, effectiveValue, type PlacedRule, type PolicyLayers } from './merge.ts'

export interface RuleSource {
  readonly layer: LayerReference['layer']
  readonly path: string
  readonly sha256: string
  /** Index of the rule in its document. */
  readonly rule: number
  /** The rule's own value, in words. */
  readonly words: string
  readonly locked: boolean
}

/**
 * `other-device`: its layer is not this device's. `condition`: its `when` does not hold. `unproven`: it would loosen, and only an unproven
 * fact says that it may. `outvoted`: a stricter rule, a nearer one, or a lock decides.
 */
export type LostBecause = 'other-device' | 'condition' | 'unproven' | 'outvoted'

export interface Explanation {
  readonly setting: SettingName
  readonly words: string
  /** Empty: the default of the catalogue. */
  readonly from: readonly RuleSource[]
  readonly lost: readonly (RuleSource & { readonly because: LostBecause })[]
}

export function explain(layers: PolicyLayers, lease: Pick<Lease, 'sub' | 'claims'>, circumstances: Circumstances): readonly Explanation[] {
  const applying = applyingLayers(layers, lease)
  return settingNames.map((name) => explainSetting(name, layers.rules[name], applying, circumstances))
}

function explainSetting<N extends SettingName>(
  name: N,
  rules: readonly PlacedRule<N>[],
  applying: readonly boolean[],
  circumstances: Circumstances,
): Explanation {
  const value = effectiveValue(name, rules, applying, circumstances)
  const standing = rules.filter((rule) => applying[rule.document] === true && rule.holds(circumstances) !== 'no')
  const without = (rule: PlacedRule<N>) => standing.filter((other) => other !== rule)
  const decisive = standing.filter((rule) => !same(effectiveValue(name, without(rule), applying, circumstances), value))
  // Where several say the same, each could be left out: then all of them are the source.
  const winners = decisive.length > 0 ? decisive : standing.filter((rule) => same(rule.value, value) && rule.holds(circumstances) === 'yes')
  const sourceOf = (rule: PlacedRule<N>): RuleSource => ({
    layer: rule.reference.layer,
    path: rule.reference.path,
    sha256: rule.reference.sha256,
    rule: rule.index,
    words: words(name, rule.value),
    locked: rule.locked,
  })
  const lost = rules
    .filter((rule) => !winners.includes(rule))
    .map((rule) => ({ ...sourceOf(rule), because: lostBecause(rule, applying, circumstances) }))
  return { setting: name, words: words(name, value), from: winners.map(sourceOf), lost }
}

function lostBecause(rule: PlacedRule<SettingName>, applying: readonly boolean[], circumstances: Circumstances): LostBecause {
  if (applying[rule.document] !== true) return 'other-device'
  const holds = rule.holds(circumstances)
  return holds === 'no' ? 'condition' : holds === 'unproven' ? 'unproven' : 'outvoted'
}

function words<N extends SettingName>(name: N, value: SettingValues[N]): string {
  return catalogue[name].words(value)
}

/** Values in normal form have one spelling each. */
function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
