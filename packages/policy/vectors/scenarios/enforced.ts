// SPDX-License-Identifier: Apache-2.0
//
// Settings that an engine must be able to enforce: the same policy on one that can, where it lands in the plan, and on one that cannot.
import type { LaunchPlan } from '../../src/decision/launch-plan.ts'
import type { SettingCapability } from '../../src/model/setting.ts'
import { type LayerOf, noPassword, type Scenario, type WrittenRule } from '../scenario.ts'

export interface Enforced {
  readonly name: string
  readonly about: string
  readonly row: string
  readonly rule: WrittenRule
  readonly capabilities: readonly SettingCapability[]
  readonly plan: Partial<LaunchPlan>
}

type Change = NonNullable<Scenario['change']>

export const organisation = (...rules: readonly WrittenRule[]): readonly LayerOf[] => [{ layer: 'organisation', rules: [noPassword, ...rules] }]

/** One engine that can do this and nothing else. */
export const engineWith =
  (...capabilities: readonly SettingCapability[]): Change =>
  ({ facts }) => {
    facts.engines = [{ name: 'qemu', capabilities: [...capabilities] }]
  }

/** The engine that cannot lacks the last of them. */
export function bothWays({ name, about, row, rule, capabilities, plan }: Enforced): readonly Scenario[] {
  const shared = { rows: [row], layers: organisation(rule) }
  return [
    { name: `${name}-able`, about: `${about}: an engine can`, ...shared, change: engineWith(...capabilities), expect: { plan } },
    {
      name: `${name}-unable`,
      about: `${about}: no engine can`,
      ...shared,
      change: engineWith(...capabilities.slice(0, -1)),
      expect: 'capability-missing',
    },
  ]
}

/** What an organisation's rule and a group's make together, on an engine that can do what is left. */
export function met(
  { name, about, row, capabilities, plan }: Omit<Enforced, 'rule'>,
  ...[wide, near]: readonly [organisation: WrittenRule, group: WrittenRule]
): Scenario {
  const layers: readonly LayerOf[] = [...organisation(wide), { layer: 'group', selector: { group: 'staff' }, rules: [near] }]
  return { name, about, rows: [row, 'PO-25'], layers, change: engineWith(...capabilities), expect: { plan } }
}
