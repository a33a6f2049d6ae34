// SPDX-License-Identifier: Apache-2.0
//
// Runs the tests of a policy by the same merge that decisions use.
import { PolicyError } from '../error.ts'
import type { Policy } from '../model/policy.ts'
import type { PolicyTest } from '../model/policy-test.ts'
import { catalogue, type SettingName, settingNames } from '../model/settings.ts'
import type { Circumstances } from './condition-holds.ts'
import { layPolicies, type PolicyLayers, settingLookup } from './merge.ts'

export interface PolicyTestFailure {
  /** Of the test in the document, from 0. */
  readonly index: number
  readonly name: string
  readonly setting: SettingName
  /** In words. */
  readonly expected: string
  readonly found: string
}

/** @returns empty where all of them hold. */
export function runPolicyTests(document: Policy): readonly PolicyTestFailure[] {
  const layers = layersOf(document)
  return (document.tests ?? []).flatMap((test, index) => {
    const asked = settingNames.filter((setting) => test.expect[setting] !== undefined)
    return asked.flatMap((setting) => failureOf(document, layers, test, setting) ?? []).map((failure) => ({ index, name: test.name, ...failure }))
  })
}

/** @throws PolicyError `policy-test-failed` that names each test which does not hold, with what was expected and found. */
export function checkPolicyTests(document: Policy): void {
  const failures = runPolicyTests(document)
  if (failures.length === 0) return
  throw new PolicyError('policy-test-failed', failures.map(failureWords).join('; '))
}

export function failureWords({ name, setting, expected, found }: PolicyTestFailure): string {
  return `“${name}”: expected \`${setting}\` ${expected}, found ${found}`
}

function layersOf(document: Policy): PolicyLayers {
  const at = { path: 'policies/under-test/1.json', sha256: '0'.repeat(64) }
  return layPolicies({ layers: [{ layer: 'organisation', selector: null, ...at }] }, [{ ...at, document }])
}

function failureOf<N extends SettingName>(
  document: Policy,
  layers: PolicyLayers,
  test: PolicyTest,
  setting: N,
): Omit<PolicyTestFailure, 'index' | 'name'> | undefined {
  const { meet, words, value: schema } = catalogue[setting]
  const wanted = schema.parse(test.expect[setting])
  const expected = words(wanted)
  const dependsOnTime = document.rules.some((rule) => rule.setting === setting && rule.when.time !== undefined)
  if (dependsOnTime && test.given.time === undefined) return { setting, expected, found: 'a rule that depends on the time: give one' }
  const circumstances = circumstancesOf(document, test)
  const value = settingLookup(layers, { sub: '', claims: circumstances.claims }, circumstances)(setting)
  const same = JSON.stringify(meet(value, value)) === JSON.stringify(meet(wanted, wanted))
  return same ? undefined : { setting, expected, found: words(value) }
}

function circumstancesOf({ minRuntime }: Policy, { given }: PolicyTest): Circumstances {
  const { groups, tags, assurance, runtimeVersion = minRuntime, network, time } = given
  return {
    claims: { user: null, groups, tags, assurance },
    runtimeVersion,
    network: network === undefined ? null : { value: network, from: 'attested' },
    now: time === undefined ? 0 : Date.parse(time) / 1000,
  }
}
