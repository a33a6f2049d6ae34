// SPDX-License-Identifier: Apache-2.0
//
// The diff against the merge that decisions use: where it shows no change, no device gets another value.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Circumstances } from '../src/decision/condition-holds.ts'
import { layPolicies, settingLookup } from '../src/decision/merge.ts'
import { diffPolicies } from '../src/model/diff.ts'
import { type Policy, policy } from '../src/model/policy.ts'
import { settingNames } from '../src/model/settings.ts'
import { policyDocument, zones } from './arbitraries.ts'

const circumstances = fc
  .record({
    groups: fc.subarray(['staff', 'guests']),
    tags: fc.subarray(['floor-1', 'floor-2']),
    network: fc.option(fc.record({ value: fc.constantFrom(...zones), from: fc.constantFrom('attested' as const, 'observed' as const) }), {
      nil: null,
    }),
    now: fc.constantFrom(1_799_999_999, 1_800_000_000),
  })
  .map(({ groups, tags, network, now }) => ({
    claims: { user: null, groups, tags, assurance: 'software' as const },
    ...{ runtimeVersion: '0.1.0', network, now },
  }))

function valuesOf(document: Policy, found: Circumstances) {
  const at = { path: 'policies/p/1.json', sha256: '0'.repeat(64) }
  const layers = layPolicies({ layers: [{ layer: 'organisation', selector: null, ...at }] }, [{ ...at, document }])
  return settingLookup(layers, { sub: '', claims: found.claims }, found)
}

it('gives every device the same value of each setting of which it shows no change', () => {
  const kept = fc.array(fc.boolean(), { minLength: 8, maxLength: 8 })
  fc.assert(
    fc.property(policyDocument, policyDocument, kept, circumstances, (one, other, keep, found) => {
      const after = policy.parse({ ...one, rules: [...one.rules.filter((_, at) => keep[at]), ...other.rules.slice(0, 2)] })
      const changed = diffPolicies(one, after).rules.map(({ setting }) => setting)
      const [before, next] = [valuesOf(one, found), valuesOf(after, found)]
      for (const name of settingNames) if (!changed.includes(name)) expect([name, next(name)]).toEqual([name, before(name)])
    }),
    { numRuns: 300 },
  )
})
