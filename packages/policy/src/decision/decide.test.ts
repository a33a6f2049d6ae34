// SPDX-License-Identifier: Apache-2.0
//
// What no vector holds, being too large or not JSON; everything else about decisions is in `vectors/`.
import { describe, expect, it } from 'vitest'
import { inputOf, noPassword, type WrittenRule } from '../../vectors/scenario.ts'
import { decide } from './decide.ts'
import { launchPlan } from './launch-plan.ts'
import { layPolicies } from './merge.ts'
import { reason, reasonCodes } from './reasons.ts'

const ranges = (count: number, width: number): WrittenRule => ({
  setting: 'network',
  value: {
    mode: 'listed',
    allow: Array.from({ length: count }, (_, index) => ({
      protocol: 'tcp' as const,
      cidr: '192.0.2.0/24',
      ports: [index + 1, index + width] as [number, number],
    })),
  },
})

function decideWith(...layers: readonly (readonly WrittenRule[])[]) {
  const input = inputOf({ layers: layers.map((rules) => ({ layer: 'organisation' as const, rules })) })
  return decide(input.release, layPolicies(input.release.document, input.policies), input.lease, input.facts, input.request, input.now)
}

describe('a decision', () => {
  it('refuses lists that together are too many to be enforced, and takes a thousand rules', () => {
    expect(decideWith([noPassword, ranges(1000, 1)])).toMatchObject({ allowed: true })
    expect(decideWith([noPassword, ranges(200, 2000)], [ranges(200, 2000)])).toMatchObject({
      allowed: false,
      reasons: [{ code: 'policy-too-large' }],
    })
    expect(decideWith([noPassword, ranges(600, 600)], [ranges(30, 30)])).toMatchObject({ allowed: true })
  })

  it('refuses what is more than a plan holds, before it looks at times and passwords', () => {
    const apart = (count: number): WrittenRule => ({
      setting: 'network',
      value: {
        mode: 'listed',
        allow: Array.from({ length: count }, (_, index) => ({ protocol: 'tcp' as const, cidr: `192.0.2.${index}/32`, ports: null })),
      },
    })
    const ports = (count: number): WrittenRule => ({
      setting: 'network',
      value: {
        mode: 'listed',
        allow: Array.from({ length: count }, (_, index) => ({
          protocol: 'tcp' as const,
          cidr: '192.0.2.0/24',
          ports: [index + 1, index + 1] as [number, number],
        })),
      },
    })
    const expired: WrittenRule = { setting: 'expiry', value: { afterDays: 1, lastDay: null, warnDays: 0 } }
    expect(decideWith([noPassword, apart(100)], [ports(10)])).toMatchObject({ allowed: true })
    expect(decideWith([expired, apart(100)], [ports(10)])).toMatchObject({ reasons: [{ code: 'instance-expired' }] })
    // One more than a thousand.
    expect(decideWith([expired, apart(91)], [ports(11)])).toMatchObject({ reasons: [{ code: 'policy-too-large' }] })
    expect(decideWith([expired, apart(100)], [ports(11)])).toMatchObject({ reasons: [{ code: 'policy-too-large' }] })
  })

  it('refuses what a quarantine would leave where that is too much, and takes it where none can come', () => {
    const network = (count: number, cidr: (index: number) => string, ports: (index: number) => [number, number] | null) => ({
      mode: 'listed' as const,
      allow: Array.from({ length: count }, (_, index) => ({ protocol: 'tcp' as const, cidr: cidr(index), ports: ports(index) })),
    })
    const apart: WrittenRule = {
      setting: 'network',
      value: network(
        100,
        (index) => `192.0.2.${index}/32`,
        () => null,
      ),
    }
    const quarantine = (whenOutdated: boolean, count: number): WrittenRule => ({
      setting: 'quarantine',
      value: {
        whenOutdated,
        network: network(
          count,
          () => '192.0.2.0/24',
          (index) => [index + 1, index + 1],
        ),
      },
    })
    expect(decideWith([noPassword, apart, quarantine(true, 10)])).toMatchObject({ allowed: true })
    expect(decideWith([noPassword, apart, quarantine(false, 11)])).toMatchObject({ allowed: true })
    expect(decideWith([noPassword, apart, quarantine(true, 11)])).toMatchObject({ reasons: [{ code: 'policy-too-large' }] })
  })

  it('refuses more tables for USB than a plan holds', () => {
    const tables = (first: number, count: number): WrittenRule => ({
      setting: 'usb',
      value: {
        tables: Array.from({ length: count }, (_, index) => ({
          general: 'allow' as const,
          classes: [],
          devices: [{ vendor: '046d', product: (first + index).toString(16).padStart(4, '0'), action: 'block' as const }],
        })),
      },
    })
    expect(decideWith([noPassword, tables(0, 150), tables(150, 50)])).toMatchObject({ reasons: [{ code: 'capability-missing' }, {}] })
    expect(decideWith([noPassword, tables(0, 150), tables(150, 51)])).toMatchObject({ reasons: [{ code: 'policy-too-large' }] })
  })

  it('is a refusal when something goes wrong inside it', () => {
    const input = inputOf({})
    const layers = layPolicies(input.release.document, input.policies)
    const broken = new Proxy(input.facts, {
      get: (target, field) => {
        if (field === 'engines') throw new Error('read error')
        return Reflect.get(target, field)
      },
    })
    expect(decide(input.release, layers, input.lease, broken, input.request, input.now)).toEqual({
      allowed: false,
      reasons: [reason('decision-failed')],
    })
    expect(decide(input.release, layers, input.lease, input.facts, input.request, input.now).allowed).toBe(true)
  })

  it('does not take the layers of another release for those of this one', () => {
    const [input, other] = [inputOf({}), inputOf({ layers: [] })]
    const layers = layPolicies(other.release.document, other.policies)
    expect(decide(input.release, layers, input.lease, input.facts, input.request, input.now)).toMatchObject({ reasons: [{ code: 'policy-missing' }] })
  })

  it('gives a plan that its schema reads, and that holds no secret', () => {
    const decision = decideWith([noPassword, ranges(3, 1)])
    if (!decision.allowed) throw new Error('the scenario runs')
    expect(launchPlan.parse(decision.plan)).toEqual(decision.plan)
    expect(JSON.stringify(decision.plan)).not.toContain('AA.AA.AA.AA.AA')
  })
})

describe('the reasons', () => {
  it('are whole sentences with a next step, each code once', () => {
    expect(new Set(reasonCodes).size).toBe(reasonCodes.length)
    const suspended = reason('lease-suspended', { why: 'reported lost', contact: 'Ada, room 3' })
    expect([suspended.sentence, suspended.nextStep]).toEqual(['Your organisation has suspended this computer: reported lost.', 'Ask Ada, room 3.'])
    for (const found of [suspended, ...(['lease-missing', 'activation-needed', 'decision-failed'] as const).map((code) => reason(code))]) {
      const { sentence, nextStep, whomToAsk } = found
      expect(sentence).toMatch(/^[A-Z].*\.$/)
      expect(nextStep).toMatch(/^[A-Z].*\.$/)
      expect(['help-desk', 'administrator', 'nobody']).toContain(whomToAsk)
    }
  })

  it('say times in words', () => {
    expect(reason('lease-expired', { at: 1_800_000_000 }).sentence).toBe('The permission to run desktops ended at 2027-01-15 08:00 UTC.')
  })
})
