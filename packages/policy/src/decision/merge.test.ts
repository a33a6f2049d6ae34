// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Layered, layered, loosenings, values, zones } from '../../test/arbitraries.ts'
import { inputOf, now } from '../../vectors/scenario.ts'
import { faultless } from '../../vectors/scenarios/order.ts'
import { policy } from '../model/policy.ts'
import { catalogue, type SettingName, type SettingValues, settingNames } from '../model/settings.ts'
import { type Decision, decide, settingOf } from './decide.ts'
import type { Facts } from './facts.ts'
import type { LaunchPlan } from './launch-plan.ts'
import type { Loosening } from './loosen.ts'
import { allSettings, layPolicies } from './merge.ts'
import type { Reason } from './reasons.ts'

const base = inputOf({ change: faultless })
const lease = { sub: 'laptop-1', claims: { user: 'ada', groups: ['staff'], tags: ['floor-2'], assurance: 'software' as const } }
const layersOf = ({ references, policies }: Layered) => layPolicies({ layers: [...references] }, policies)
const valuesOf = (from: Layered, network: Facts['network'] = null) =>
  allSettings(settingOf(layersOf(from), lease, { runtimeVersion: '0.1.0', network, hostNetwork: null }, now))

function decisionOf({ references, policies }: Layered, overrides: readonly Loosening[] = []): Decision {
  const release = { ...base.release, document: { ...base.release.document, layers: [...references] } }
  return decide(release, layPolicies(release.document, policies), base.lease, base.facts, base.request, base.now, overrides)
}

/** Whether `one` allows nothing that `other` forbids. */
function noLooser<N extends SettingName>(name: N, one: SettingValues[N], other: SettingValues[N]): boolean {
  const { meet } = catalogue[name]
  return JSON.stringify(meet(one, other)) === JSON.stringify(meet(one, one))
}

/** The rule at `index` of all rules, with its value met with another one, or locked. */
function tightened({ references, policies }: Layered, index: number, more: SettingValues, lock: boolean): Layered {
  let at = 0
  return {
    references,
    policies: policies.map((approved) => {
      const rules = approved.document.rules.map((rule) =>
        at++ === index ? { ...rule, value: met(rule.setting, rule.value, more), locked: rule.locked || lock } : rule,
      )
      return { ...approved, document: policy.parse({ ...approved.document, rules }) }
    }),
  }
}

/** Each document as three of the same place, which share its rules out by `parts`. */
function split({ references, policies }: Layered, parts: readonly number[]): Layered {
  const shares = policies.flatMap((approved) =>
    [0, 1, 2].map((part) => ({
      ...approved,
      path: `${approved.path}.${part}`,
      document: { ...approved.document, rules: approved.document.rules.filter((_rule, index) => parts[index % parts.length] === part) },
    })),
  )
  return {
    policies: shares,
    references: references.flatMap((reference) => [0, 1, 2].map((part) => ({ ...reference, path: `${reference.path}.${part}` }))),
  }
}

function met<N extends SettingName>(name: N, value: SettingValues[N], more: SettingValues): SettingValues[N] {
  return catalogue[name].meet(value, more[name])
}

const other = fc.record(values)
const numRuns = 400

describe('merging policies', () => {
  it('does not depend on the order of documents within a layer, nor of rules within a document', () => {
    fc.assert(
      fc.property(
        layered.chain((from) => fc.tuple(fc.constant(from), fc.shuffledSubarray([...from.references], { minLength: from.references.length }))),
        ([from, references]) => {
          const turned = from.policies.map((approved) => ({
            ...approved,
            document: { ...approved.document, rules: approved.document.rules.toReversed() },
          }))
          expect(valuesOf({ references, policies: turned })).toEqual(valuesOf(from))
        },
      ),
      { numRuns },
    )
  })

  it('is associative: a document that is split over two or three of its layer changes nothing', () => {
    fc.assert(
      fc.property(layered, fc.array(fc.nat({ max: 2 }), { minLength: 40, maxLength: 40 }), (from, parts) => {
        expect(valuesOf(split(from, parts))).toEqual(valuesOf(from))
      }),
      { numRuns },
    )
  })

  it('never gives a looser value when any one rule is tightened or locked', () => {
    fc.assert(
      fc.property(layered, fc.nat({ max: 40 }), other, fc.boolean(), (from, index, more, lock) => {
        const after = valuesOf(tightened(from, index, more, lock))
        const before = valuesOf(from)
        for (const name of settingNames) expect(noLooser(name, after[name], before[name]), name).toBe(true)
      }),
      { numRuns },
    )
  })

  it('never allows a plan more when any one rule is tightened, nor turns a refusal into a permission', () => {
    fc.assert(
      fc.property(layered, fc.nat({ max: 40 }), other, (from, index, more) => {
        const [before, after] = [decisionOf(from), decisionOf(tightened(from, index, more, false))]
        if (!after.allowed) return
        if (before.allowed) expectNoMore(after.plan, before.plan)
        // A tighter rule may ask for less of the engine than the one that could not be enforced.
        else expect(before.reasons.every(isOfEngine)).toBe(true)
      }),
      { numRuns },
    )
  })

  it('never does so with overrides either, which loosen only what the policies allow', () => {
    fc.assert(
      fc.property(layered, fc.nat({ max: 40 }), other, loosenings, (from, index, more, overrides) => {
        const [before, after] = [decisionOf(from, overrides), decisionOf(tightened(from, index, more, false), overrides)]
        if (after.allowed && before.allowed) expectNoMore(after.plan, before.plan)
        if (after.allowed && !before.allowed) expect(before.reasons.every(isOfEngine)).toBe(true)
      }),
      { numRuns },
    )
  })

  it('never gives a plan less because of an override, nor anything past the end of the lease', () => {
    fc.assert(
      fc.property(layered, loosenings, (from, overrides) => {
        const [without, loosened] = [decisionOf(from), decisionOf(from, overrides)]
        if (without.allowed && loosened.allowed) expectNoMore(without.plan, loosened.plan)
        if (without.allowed && !loosened.allowed) expect(loosened.reasons.every(isOfEngine)).toBe(true)
        if (loosened.allowed) expect(loosened.plan.deadlines.suspendAt).toBeLessThanOrEqual(base.lease?.exp ?? 0)
      }),
      { numRuns },
    )
  })

  it('is never looser under a doubtful zone than it would be under any proven one', () => {
    fc.assert(
      fc.property(layered, fc.constantFrom(...zones), fc.constantFrom(...zones), (from, seen, real) => {
        const proven = valuesOf(from, { value: real, from: 'attested' })
        for (const doubtful of [valuesOf(from, null), valuesOf(from, { value: seen, from: 'observed' })]) {
          for (const name of settingNames) expect(noLooser(name, doubtful[name], proven[name]), name).toBe(true)
        }
      }),
      { numRuns },
    )
  })

  it('gives the default where nothing is set', () => {
    expect(valuesOf({ references: [], policies: [] })).toEqual(Object.fromEntries(settingNames.map((name) => [name, catalogue[name].default])))
  })

  it('decides random but valid policies without an error of its own', () => {
    fc.assert(
      fc.property(layered, (from) => {
        const decision = decisionOf(from)
        if (!decision.allowed) expect(decision.reasons.map(({ code }) => code)).not.toContain('decision-failed')
      }),
      { numRuns },
    )
  })
})

const isOfEngine = ({ code }: Reason): boolean => code === 'capability-missing' || code === 'policy-too-large'

function expectNoMore(after: LaunchPlan, before: LaunchPlan): void {
  expect(noLooser('network', after.network, before.network)).toBe(true)
  expect(noLooser('exit', after.exit, before.exit)).toBe(true)
  expect(noLooser('serial-port', after.serial, before.serial)).toBe(true)
  expect(after.memoryMiB).toBeLessThanOrEqual(before.memoryMiB)
  expect(after.clipboard.toGuest.maxBytes).toBeLessThanOrEqual(before.clipboard.toGuest.maxBytes)
  expect(after.clipboard.fromGuest.maxBytes).toBeLessThanOrEqual(before.clipboard.fromGuest.maxBytes)
  for (const step of ['restrictAt', 'suspendAt'] as const) {
    expect(after.deadlines[step] ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(before.deadlines[step] ?? Number.POSITIVE_INFINITY)
  }
}
