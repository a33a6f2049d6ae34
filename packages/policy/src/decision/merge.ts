// SPDX-License-Identifier: Apache-2.0
//
// Many policies, one set of values. Layers apply in the order organisation, group, user, device; within a layer everything that applies
// meets, in no order. A rule whose condition is unproven can only tighten: the result is never looser than it would be in any of the
// worlds that are possible.
import type { Policy, PolicyRule } from '../model/policy.ts'
import { type LayerReference, layerOrder, type Release } from '../model/release.ts'
import { catalogue, type SettingName, type SettingValues, settingNames } from '../model/settings.ts'
import type { Lease } from '../trust/lease.ts'
import { type Circumstances, conditionHolds } from './condition-holds.ts'

/** A policy as approved: verified bytes, parsed, with the path and SHA-256 under which they were approved. */
export interface ApprovedPolicy {
  readonly path: string
  readonly sha256: string
  readonly document: Policy
}

/** One rule of one document of a release. */
export interface PlacedRule<N extends SettingName> {
  readonly reference: LayerReference
  /** In its document, from 0. */
  readonly index: number
  readonly value: SettingValues[N]
  readonly locked: boolean
  readonly when: PolicyRule['when']
}

type RulesBySetting = { readonly [N in SettingName]: PlacedRule<N>[] }

/** A release's policies, sorted once and used for many decisions. */
export interface PolicyLayers {
  readonly documents: readonly { readonly reference: LayerReference; readonly policy: Policy | null }[]
  readonly rules: { readonly [N in SettingName]: readonly PlacedRule<N>[] }
}

/** Finds each layer's document by path and SHA-256; one that is not among `policies` stays null and is a refusal where it applies. */
export function layPolicies(release: Pick<Release, 'layers'>, policies: readonly ApprovedPolicy[]): PolicyLayers {
  const rules = emptyRules()
  const byPath = new Map(policies.map(({ path, sha256, document }) => [`${sha256} ${path}`, document]))
  const documents = release.layers.map((reference) => {
    const policy = byPath.get(`${reference.sha256} ${reference.path}`) ?? null
    for (const [index, { setting, value, locked, when }] of (policy?.rules ?? []).entries()) {
      place(rules, setting, { reference, index, locked, when }, value)
    }
    return { reference, policy }
  })
  for (const name of settingNames) rules[name].sort((a, b) => rank(a.reference) - rank(b.reference))
  return { documents, rules }
}

/** Whether the lease's claims choose this document. */
export function layerApplies({ layer, selector }: LayerReference, { sub, claims }: Pick<Lease, 'sub' | 'claims'>): boolean {
  if (layer === 'organisation') return true
  if (layer === 'group') return claims.groups.includes(selector.group)
  if (layer === 'user') return claims.user === selector.user
  return 'device' in selector ? sub === selector.device : claims.tags.includes(selector.tag)
}

/** The value of every setting for this device now. */
export function effectiveValues(layers: PolicyLayers, lease: Pick<Lease, 'sub' | 'claims'>, circumstances: Circumstances): SettingValues {
  const value = <N extends SettingName>(name: N): SettingValues[N] => effectiveValue(name, layers.rules[name], lease, circumstances)
  return {
    activation: value('activation'),
    'activation-instances': value('activation-instances'),
    authentication: value('authentication'),
    expiry: value('expiry'),
    offline: value('offline'),
    'check-in': value('check-in'),
    network: value('network'),
    'serial-port': value('serial-port'),
    'clipboard-to-guest': value('clipboard-to-guest'),
    'clipboard-from-guest': value('clipboard-from-guest'),
    exit: value('exit'),
    memory: value('memory'),
  }
}

/** The value of one setting out of its rules, which stand in layer order. */
export function effectiveValue<N extends SettingName>(
  name: N,
  rules: readonly PlacedRule<N>[],
  lease: Pick<Lease, 'sub' | 'claims'>,
  circumstances: Circumstances,
): SettingValues[N] {
  const { merge, meet, default: none } = catalogue[name]
  const both = (one: SettingValues[N] | undefined, other: SettingValues[N] | undefined) =>
    one === undefined ? other : other === undefined ? one : meet(one, other)
  let layer = -1
  let lockedBefore = false
  let locked = false
  // Of the rules that hold, and of those that might: in the layers before this one, and in this one.
  let [heldBefore, held, doubtedBefore, doubted]: (SettingValues[N] | undefined)[] = []
  const closeLayer = () => {
    const replaces = merge === 'nearest' && !lockedBefore && held !== undefined
    heldBefore = replaces ? held : both(heldBefore, held)
    doubtedBefore = replaces ? doubted : both(doubtedBefore, doubted)
    held = undefined
    doubted = undefined
    lockedBefore = locked
  }
  for (const rule of rules) {
    if (!layerApplies(rule.reference, lease)) continue
    const holds = conditionHolds(rule.when, circumstances)
    if (holds === 'no') continue
    if (rank(rule.reference) !== layer) closeLayer()
    layer = rank(rule.reference)
    locked ||= rule.locked
    if (holds === 'yes') held = both(held, rule.value)
    else doubted = both(doubted, rule.value)
  }
  closeLayer()
  const value = heldBefore ?? none
  return doubtedBefore === undefined ? value : meet(value, doubtedBefore)
}

function place<N extends SettingName>(rules: RulesBySetting, name: N, rule: Omit<PlacedRule<N>, 'value'>, value: SettingValues[N]): void {
  // In normal form once, so that a decision need not.
  rules[name].push({ ...rule, value: catalogue[name].meet(value, value) })
}

function rank({ layer }: LayerReference): number {
  return layerOrder.indexOf(layer)
}

function emptyRules(): RulesBySetting {
  return {
    activation: [],
    'activation-instances': [],
    authentication: [],
    expiry: [],
    offline: [],
    'check-in': [],
    network: [],
    'serial-port': [],
    'clipboard-to-guest': [],
    'clipboard-from-guest': [],
    exit: [],
    memory: [],
  }
}
