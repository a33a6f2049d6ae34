// SPDX-License-Identifier: Apache-2.0
//
// Many policies, one set of values. Layers apply in the order organisation, group, user, device; within a layer everything that applies
// meets, in no order. A rule whose condition is unproven can only tighten: the result is never looser than it would be in any of the
// worlds that are possible.
import type { Condition } from '../model/condition.ts'
import { versionNumber } from '../model/names.ts'
import type { Policy } from '../model/policy.ts'
import { type LayerReference, layerOrder, type Release } from '../model/release.ts'
import type { Setting } from '../model/setting.ts'
import { bySetting, catalogue, defaultValues, demandingSettings, type SettingName, type SettingValues, settingNames } from '../model/settings.ts'
import type { Lease } from '../trust/lease.ts'
import {
  type Circumstances,
  conditionHolds,
  type Found,
  type Holds,
  type NameNumbers,
  type ReadCondition,
  readCircumstances,
  readCondition,
} from './condition-holds.ts'

/** A policy as approved: verified bytes, parsed, with the path and SHA-256 under which they were approved. */
export interface ApprovedPolicy {
  readonly path: string
  readonly sha256: string
  readonly document: Policy
}

/** One rule of one document of a release. */
export interface PlacedRule<N extends SettingName> {
  readonly reference: LayerReference
  /** Index of that reference in the release. */
  readonly document: number
  /** Of its layer in {@link layerOrder}. */
  readonly rank: number
  /** In its document, from 0. */
  readonly index: number
  readonly value: SettingValues[N]
  readonly locked: boolean
  readonly when: ReadCondition
}

type RulesBySetting = { readonly [N in SettingName]: PlacedRule<N>[] }

/** A release's policies, sorted once and used for many decisions. */
export interface PolicyLayers {
  /** The references for which they were laid. */
  readonly of: readonly LayerReference[]
  readonly documents: readonly PlacedDocument[]
  readonly rules: { readonly [N in SettingName]: readonly PlacedRule<N>[] }
  /** The settings that have a rule; every other one has its default, whatever the device. */
  readonly ruled: readonly SettingName[]
  /** Of those the ones that may need something of an engine. */
  readonly demanding: readonly SettingName[]
  readonly names: NameNumbers
  /** Of each condition by its number: not looked at yet. */
  readonly unjudged: readonly undefined[]
}

interface PlacedDocument {
  readonly reference: LayerReference
  readonly policy: Policy | null
  /** The least version of the runtime, as a number; 0 where the policy is not here. */
  readonly least: number
}

/** What is known of one device while its settings are worked out. */
export interface Standing {
  /** For each document of the release, whether the device's claims choose it. */
  readonly applying: readonly boolean[]
  readonly found: Found
  /** Of each condition by its number, once it was looked at. */
  readonly judged: (Holds | undefined)[]
}

/** Finds each layer's document by path and SHA-256; one that is not among `policies` stays null and is a refusal where it applies. */
export function layPolicies(release: Pick<Release, 'layers'>, policies: readonly ApprovedPolicy[]): PolicyLayers {
  const rules = bySetting<RulesBySetting>(() => [])
  const byPath = new Map(policies.map(({ path, sha256, document }) => [`${sha256} ${path}`, document]))
  const names: NameNumbers = new Map()
  const conditions = new Map<string, ReadCondition>()
  const read = (when: Condition) => {
    const text = JSON.stringify(when)
    const known = conditions.get(text) ?? readCondition(when, conditions.size, names)
    conditions.set(text, known)
    return known
  }
  const documents = release.layers.map((reference, document) => {
    const policy = byPath.get(`${reference.sha256} ${reference.path}`) ?? null
    const rank = layerOrder.indexOf(reference.layer)
    for (const [index, { setting, value, locked, when }] of (policy?.rules ?? []).entries()) {
      place(rules, setting, { reference, document, rank, index, locked, when: read(when) }, value)
    }
    return { reference, policy, least: policy === null ? 0 : versionNumber(policy.minRuntime) }
  })
  for (const name of settingNames) rules[name].sort((a, b) => a.rank - b.rank)
  const ruled = settingNames.filter((name) => rules[name].length > 0)
  const unjudged = Array.from(conditions, () => undefined)
  return { of: release.layers, documents, rules, ruled, demanding: demandingSettings.filter((name) => rules[name].length > 0), names, unjudged }
}

/** Whether the lease's claims choose this document. */
export function layerApplies({ layer, selector }: LayerReference, { sub, claims }: Pick<Lease, 'sub' | 'claims'>): boolean {
  if (layer === 'organisation') return true
  if (layer === 'group') return claims.groups.includes(selector.group)
  if (layer === 'user') return claims.user === selector.user
  return 'device' in selector ? sub === selector.device : claims.tags.includes(selector.tag)
}

/** For each document of a release, in its order, whether the lease's claims choose it. */
export function applyingLayers({ documents }: PolicyLayers, lease: Pick<Lease, 'sub' | 'claims'>): readonly boolean[] {
  const applying: boolean[] = []
  for (const { reference } of documents) applying.push(layerApplies(reference, lease))
  return applying
}

export function standingOf(layers: PolicyLayers, lease: Pick<Lease, 'sub' | 'claims'>, circumstances: Circumstances): Standing {
  return { applying: applyingLayers(layers, lease), found: readCircumstances(circumstances, layers.names), judged: layers.unjudged.slice() }
}

/** Whether a rule counts for a device: its document is the device's, and its condition holds. */
export function ruleHolds({ document, when }: Pick<PlacedRule<SettingName>, 'document' | 'when'>, { applying, found, judged }: Standing): Holds {
  if (applying[document] !== true) return 'no'
  const known = judged[when.number]
  if (known !== undefined) return known
  const holds = conditionHolds(when, found)
  judged[when.number] = holds
  return holds
}

/** Gives the value of one setting. @throws PolicyError `network-rules-too-many` of that setting alone; it keeps no other back. */
export type SettingLookup = <N extends SettingName>(name: N) => SettingValues[N]

/** The settings of a device under a release's policies. */
export function settingLookup(layers: PolicyLayers, lease: Pick<Lease, 'sub' | 'claims'>, circumstances: Circumstances): SettingLookup {
  const standing = standingOf(layers, lease, circumstances)
  return (name) => effectiveValue(name, layers.rules[name], standing)
}

/**
 * Every setting at once.
 * @param ruled the only ones that need to be asked for.
 * @throws PolicyError `network-rules-too-many`
 */
export function allSettings(setting: SettingLookup, ruled: readonly SettingName[] = settingNames): SettingValues {
  // A copy that is overwritten, since an object that grows by forty names is a slow one.
  const values = { ...defaultValues }
  for (const name of ruled) put(values, name, setting(name))
  return values
}

function put<N extends SettingName>(values: { -readonly [M in SettingName]: SettingValues[M] }, name: N, value: SettingValues[N]): void {
  values[name] = value
}

/** The value of one setting out of its rules, which stand in layer order. */
export function effectiveValue<N extends SettingName>(name: N, rules: readonly PlacedRule<N>[], standing: Standing): SettingValues[N] {
  const setting = catalogue[name]
  let rank = -1
  let lockedBefore = false
  let locked = false
  // Of the rules that hold, and of those that might: in the layers before this one, and in this one.
  let heldBefore: SettingValues[N] | undefined
  let held: SettingValues[N] | undefined
  let doubtedBefore: SettingValues[N] | undefined
  let doubted: SettingValues[N] | undefined
  for (let at = 0; at <= rules.length; at += 1) {
    const rule = rules[at]
    const holds = rule === undefined ? 'no' : ruleHolds(rule, standing)
    if (rule !== undefined && holds === 'no') continue
    // A layer ends where a rule of the next one holds, and behind the last one.
    if (rule?.rank !== rank) {
      const replaces = setting.merge === 'nearest' && !lockedBefore && held !== undefined
      heldBefore = replaces ? held : meetBoth(setting, heldBefore, held)
      doubtedBefore = replaces ? doubted : meetBoth(setting, doubtedBefore, doubted)
      held = undefined
      doubted = undefined
      lockedBefore = locked
    }
    if (rule === undefined) break
    rank = rule.rank
    locked ||= rule.locked
    if (holds === 'yes') held = meetBoth(setting, held, rule.value)
    else doubted = meetBoth(setting, doubted, rule.value)
  }
  const value = heldBefore ?? setting.default
  return doubtedBefore === undefined ? value : setting.meet(value, doubtedBefore)
}

function meetBoth<V>({ meet }: Setting<V>, one: V | undefined, other: V | undefined): V | undefined {
  if (one === undefined) return other
  return other === undefined ? one : meet(one, other)
}

function place<N extends SettingName>(rules: RulesBySetting, name: N, rule: Omit<PlacedRule<N>, 'value'>, value: SettingValues[N]): void {
  // In normal form once, so that a decision need not.
  rules[name].push({ ...rule, value: catalogue[name].meet(value, value) })
}
