// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { runVector } from '../../vectors/build.ts'
import { inputOf, noPassword } from '../../vectors/scenario.ts'
import { settingOf } from '../decision/decide.ts'
import { allSettings, layPolicies } from '../decision/merge.ts'
import { complianceOf, type Observation } from './compliance.ts'

const listed = { mode: 'listed' as const, allow: [{ protocol: 'tcp' as const, cidr: '192.0.2.0/24', ports: null }] }
const input = inputOf({
  layers: [{ layer: 'organisation', rules: [noPassword, { setting: 'network', value: listed }, { setting: 'exit', value: 'suspend' }] }],
})
const decision = runVector(input)
if (!decision.allowed || input.lease === null) throw new Error('the scenario runs')
const { plan } = decision
const values = allSettings(settingOf(layPolicies(input.release.document, input.policies), input.lease, input.facts, input.now))
const observed: Observation = {
  state: 'running',
  package: plan.package.sha256,
  engine: plan.engine,
  memoryMiB: plan.memoryMiB,
  network: plan.network,
  clipboard: plan.clipboard,
  serial: plan.serial,
  exit: plan.exit,
}
const differences = (change: Partial<Observation>, decided: Partial<typeof plan> = {}) =>
  complianceOf({ plan: { ...plan, ...decided }, observed: { ...observed, ...change } }, values).map(({ between, field }) => `${between} ${field}`)

describe('compliance', () => {
  it('is given where policy, decision and observation tell one story', () => {
    expect(differences({})).toEqual([])
    expect(complianceOf({ plan, observed: null }, null)).toEqual([])
  })

  it.each<[string, Partial<Observation>]>([
    ['package', { package: '00'.repeat(32) }],
    ['engine', { engine: 'v86' }],
    ['memoryMiB', { memoryMiB: 1024 }],
    ['network', { network: { mode: 'none' } }],
    ['clipboard', { clipboard: { ...observed.clipboard, toGuest: { allowed: true, maxBytes: 1 } } }],
    ['serial', { serial: 'captured' }],
    ['exit', { exit: 'user' }],
  ])('is missed where the %s that was observed is another', (field, change) => {
    expect(differences(change)).toEqual([`decision-and-observation ${field}`])
  })

  it('is missed where the device decided more than the policies give', () => {
    const more = { mode: 'listed' as const, allow: [{ protocol: 'tcp' as const, cidr: '192.0.0.0/16', ports: null }] }
    expect(differences({ network: more }, { network: more })).toEqual(['policy-and-decision network'])
    expect(differences({ serial: 'captured' }, { serial: 'captured' })).toEqual(['policy-and-decision serial-port'])
  })

  it('is given where the device decided less, being offline or under a stricter lease', () => {
    expect(differences({ network: { mode: 'none' } }, { network: { mode: 'none' } })).toEqual([])
    expect(differences({ memoryMiB: 128 }, { memoryMiB: 128 })).toEqual([])
  })

  it('says what was wanted and what was found', () => {
    expect(complianceOf({ plan, observed: { ...observed, memoryMiB: 1024 } }, values)).toEqual([
      { between: 'decision-and-observation', field: 'memoryMiB', wanted: '512', found: '1024' },
    ])
  })
})
