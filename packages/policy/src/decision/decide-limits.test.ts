// SPDX-License-Identifier: Apache-2.0
//
// Neighbours of what `decide` checks that the vectors do not tell apart: each fault stands beside the input without it.
import { describe, expect, it } from 'vitest'
import { inputOf, type LayerOf, noPassword, type VectorInput, type WrittenRule } from '../../vectors/scenario.ts'
import { PolicyError } from '../error.ts'
import { release } from '../model/release.ts'
import type { Lease } from '../trust/lease.ts'
import { circumstancesOf, decide } from './decide.ts'
import { layPolicies } from './merge.ts'

type Change = (input: VectorInput & { lease: Lease }) => void

const answer = ({ release: approved, policies, lease, facts, request, now }: VectorInput, layers = layPolicies(approved.document, policies)) => {
  const decision = decide(approved, layers, lease, facts, request, now)
  return decision.allowed ? 'runs' : decision.reasons.map(({ code }) => code).join()
}
const after = (change: Change, layers?: readonly LayerOf[]) => answer(inputOf({ change, ...(layers && { layers }) }))
const nothing: Change = () => undefined
const organisation: LayerOf = { layer: 'organisation', rules: [noPassword] }

describe('a lease that was written after newer metadata', () => {
  it.each(['root', 'snapshot', 'timestamp'] as const)('is refused where the %s is older, and runs where it is the same', (role) => {
    const raised = (by: number) => after(({ lease }) => void Object.assign(lease.tuf, { [role]: lease.tuf[role] + by }))
    expect([raised(1), raised(0)]).toEqual(['repository-behind', 'runs'])
  })
})

describe('a release', () => {
  it('is older than the assigned one also where no floor of its desktop is kept', () => {
    const assigned = (serial: number) =>
      after(({ lease, facts }) => {
        facts.floors = { ...facts.floors, serials: {} }
        lease.assign = lease.assign.map((one) => ({ ...one, serial }))
      })
    expect([assigned(8), assigned(7), assigned(6)]).toEqual(['release-older', 'runs', 'release-mismatch'])
  })

  it('asks for its own runtime, whatever its policies ask for', () => {
    const asking = (minRuntime: string) => after((input) => void Object.assign(input.release.document, { minRuntime }))
    expect([asking('0.1.1'), asking('0.1.0')]).toEqual(['runtime-too-old', 'runs'])
  })
})

describe('the layers of a release', () => {
  const input = inputOf({ layers: [organisation, { layer: 'group', selector: { group: 'staff' }, rules: [] }] })
  const laid = (...layers: (typeof input.release.document.layers)[number][]) => layPolicies({ layers }, input.policies)
  const [first, second] = input.release.document.layers
  if (first === undefined || second?.layer !== 'group') throw new Error('the scenario has a group below its organisation')

  it('are known by what they say, and not by being the same objects', () => {
    const read = release.parse(structuredClone(input.release.document))
    expect(answer(input, layPolicies(read, input.policies))).toBe('runs')
  })

  it('are of another release where one of them is, whichever', () => {
    const other = { ...second, selector: { group: 'guests' } }
    expect(answer(input, laid(first, second))).toBe('runs')
    expect(answer(input, laid(first, other))).toBe('policy-missing')
    expect(answer(input, laid(first, first))).toBe('policy-missing')
    expect(answer(input, laid(second, second))).toBe('policy-missing')
  })

  it('are named in words where none that is missing applies to the device', () => {
    const foreign = inputOf({ layers: [{ layer: 'group', selector: { group: 'guests' }, rules: [noPassword] }] })
    const decision = decide(foreign.release, laid(), foreign.lease, foreign.facts, foreign.request, foreign.now)
    expect(decision).toMatchObject({ reasons: [{ code: 'policy-missing', sentence: expect.stringContaining('`policies`') }] })
  })
})

describe('a network that is proven', () => {
  const signs = [{ addresses: [], gateways: [], suffixes: ['example.org'] }]
  const zones: WrittenRule = { setting: 'zones', value: { lists: [[{ name: 'office', signs, proof: 'observed' }]] } }
  const input = inputOf({ layers: [{ layer: 'organisation', rules: [noPassword, zones] }] })
  const layers = layPolicies(input.release.document, input.policies)
  const { lease } = input
  if (lease === null) throw new Error('the scenario has a lease')
  const hostNetwork = { addresses: [], gateways: [], suffixes: ['example.org'] }
  const network = { value: 'home', from: 'attested' } as const

  it('is never what the policies make of the host, which counts where nothing is proven', () => {
    const seen = (facts: Partial<VectorInput['facts']>) => circumstancesOf(layers, lease, { ...input.facts, hostNetwork, ...facts }, input.now)
    expect(seen({ network }).network).toEqual(network)
    expect(seen({}).network).toEqual({ value: 'office', from: 'attested' })
    expect(seen({ hostNetwork: null }).network).toBeNull()
  })

  it('stands beside the other circumstances', () => {
    const { claims } = lease
    expect(circumstancesOf(layers, lease, { ...input.facts, hostNetwork }, input.now)).toMatchObject({
      claims,
      runtimeVersion: '0.1.0',
      now: input.now,
    })
  })
})

describe('what goes wrong inside a decision', () => {
  it('is too large a policy only where that is what was wrong', () => {
    const failing = (code: 'network-rules-too-many' | 'json-invalid') => {
      const input = inputOf({})
      const get = (target: VectorInput['facts'], field: string | symbol) => {
        if (field === 'posture') throw new PolicyError(code, 'expected none, found one')
        return Reflect.get(target, field)
      }
      return answer({ ...input, facts: new Proxy(input.facts, { get }) })
    }
    expect([failing('network-rules-too-many'), failing('json-invalid')]).toEqual(['policy-too-large', 'decision-failed'])
    expect(after(nothing)).toBe('runs')
  })
})
