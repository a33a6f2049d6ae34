// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { policyDocument, values } from '../../test/arbitraries.ts'
import { normalValue, sameValue } from './compare-values.ts'
import { diffPolicies } from './diff.ts'
import { type Policy, policy } from './policy.ts'
import { settingNames } from './settings.ts'

const written = (rules: readonly object[], more: object = {}): Policy =>
  policy.parse({ format: 'casemate-policy-1', name: 'base', version: '1', minRuntime: '0.1.0', rules, ...more })
const memory = (maxMiB: number | null, more: object = {}) => ({ setting: 'memory', value: { maxMiB }, ...more })
const exit = (value: string, more: object = {}) => ({ setting: 'exit', value, ...more })
const staff = { when: { groups: ['staff'] } }
const nothing = { fields: [], rules: [], tests: [] }
const rulesOf = (before: readonly object[], after: readonly object[]) => diffPolicies(written(before), written(after)).rules

describe('the diff of two policies', () => {
  it('says of each rule what was added, removed and changed, in the words of the catalogue', () => {
    const [before, after] = [
      [memory(256), exit('user')],
      [exit('suspend'), { setting: 'serial-port', value: 'captured' }],
    ]
    expect(rulesOf(before, after)).toEqual([
      {
        ...{ setting: 'serial-port', when: null, kind: 'added', direction: 'loosened', before: null },
        ...{ after: { words: 'captured', value: '"captured"', locked: false }, details: [] },
      },
      {
        ...{ setting: 'exit', when: null, kind: 'changed', direction: 'tightened', details: ['value: "user" → "suspend"'] },
        before: { words: 'the user decides', value: '"user"', locked: false },
        after: { words: 'suspend', value: '"suspend"', locked: false },
      },
      {
        ...{ setting: 'memory', when: null, kind: 'removed', direction: 'loosened', after: null },
        ...{ before: { words: 'at most 256 MiB', value: '{"maxMiB":256}', locked: false }, details: [] },
      },
    ])
  })

  it('tells tightened, loosened and what is both apart', () => {
    const directions = (before: readonly object[], after: readonly object[]) => rulesOf(before, after).map(({ direction }) => direction)
    expect(directions([memory(256)], [memory(128)])).toEqual(['tightened'])
    expect(directions([memory(128)], [memory(256)])).toEqual(['loosened'])
    const network = (cidr: string) => ({ setting: 'network', value: { mode: 'listed', allow: [{ protocol: 'tcp', cidr, ports: null }] } })
    expect(directions([network('192.0.2.0/24')], [network('198.51.100.0/24')])).toEqual(['other'])
  })

  it('judges a rule with a condition beside the one without, and says where it has no effect', () => {
    const change = (rules: readonly object[]) => rulesOf([memory(256)], [memory(256), ...rules])
    expect(change([memory(128, staff)])).toMatchObject([{ when: 'in group `staff`', kind: 'added', direction: 'tightened' }])
    expect(change([memory(512, staff)])).toMatchObject([{ kind: 'added', direction: 'same' }])
    // Without a rule beside it, the default is what it replaces.
    expect(rulesOf([], [memory(512, staff)])).toMatchObject([{ kind: 'added', direction: 'tightened' }])
    expect(rulesOf([], [exit('user', staff)])).toMatchObject([{ kind: 'added', direction: 'loosened' }])
  })

  it('shows a lock, which tightens where a nearer layer could replace the value, and has no effect elsewhere', () => {
    const locked = { locked: true }
    expect(rulesOf([exit('user')], [exit('user', locked)])).toMatchObject([
      { kind: 'changed', direction: 'tightened', before: { locked: false }, after: { locked: true }, details: [] },
    ])
    expect(rulesOf([exit('user', locked)], [exit('user')])).toMatchObject([{ direction: 'loosened' }])
    expect(rulesOf([exit('user', locked)], [exit('suspend')])).toMatchObject([{ direction: 'other' }])
    expect(rulesOf([memory(128)], [memory(128, locked)])).toMatchObject([{ kind: 'changed', direction: 'same', after: { locked: true } }])
  })

  it('puts every condition into words', () => {
    const weekly = { days: ['fri', 'mon'], from: '22:00', to: '06:00', utcOffset: '+01:00' }
    const when = {
      ...{ groups: ['staff', 'it'], tags: ['lab'], assurance: ['tpm'], network: ['office'] },
      runtimeVersion: { atLeast: '1.0.0', below: '2.0.0' },
      time: { notBefore: '2027-01-01T00:00:00Z', before: '2028-01-01T00:00:00Z', weekly },
    }
    expect(rulesOf([], [memory(128, { when })])[0]?.when).toBe(
      'in one of the groups `it`, `staff`, with tag `lab`, keys held in a TPM, runtime 1.0.0 or later, runtime before 2.0.0, in network `office`, from 2027-01-01T00:00:00Z on, before 2028-01-01T00:00:00Z, mon, fri from 22:00 to 06:00 of the next day (UTC+01:00)',
    )
  })

  it('shows what words leave out, and of lists what came and what went', () => {
    const offline = (maxBoots: number) => [
      { setting: 'offline', value: { warnMinutes: 1, restrictMinutes: 2, suspendMinutes: 3, maxRuntimeMinutes: null, maxBoots } },
    ]
    expect(rulesOf(offline(4), offline(9))).toMatchObject([{ direction: 'loosened', details: ['maxBoots: 4 → 9'] }])
    const network = (...cidrs: string[]) => [
      { setting: 'network', value: { mode: 'listed', allow: cidrs.map((cidr) => ({ protocol: 'tcp', cidr, ports: null })) } },
    ]
    const item = (cidr: string) => JSON.stringify({ protocol: 'tcp', cidr, ports: null })
    expect(rulesOf(network('10.0.0.0/8', '192.0.2.0/24'), network('10.0.0.0/8', '198.51.100.0/24'))).toMatchObject([
      { direction: 'other', details: [`allow: − ${item('192.0.2.0/24')}`, `allow: + ${item('198.51.100.0/24')}`] },
    ])
  })

  it('shows changed fields and tests', () => {
    const test = (maxMiB: number) => ({ tests: [{ name: 'small', given: { groups: ['staff'] }, expect: { memory: { maxMiB } } }] })
    const words = (maxMiB: number) => `given groups staff, expect \`memory\` at most ${maxMiB} MiB ({"maxMiB":${maxMiB}})`
    expect(diffPolicies(written([], test(128)), written([], { ...test(256), version: '2', minRuntime: '0.2.0' }))).toEqual({
      fields: [
        { name: 'version', kind: 'changed', before: '1', after: '2' },
        { name: 'minRuntime', kind: 'changed', before: '0.1.0', after: '0.2.0' },
      ],
      rules: [],
      tests: [{ name: 'small', kind: 'changed', before: words(128), after: words(256) }],
    })
    expect(diffPolicies(written([], test(128)), written([])).tests).toMatchObject([{ kind: 'removed', after: null }])
  })

  it('shows all of a first version as added', () => {
    const diff = diffPolicies(null, written([memory(128)]))
    expect(diff.fields.map(({ kind, after }) => [kind, after])).toEqual(['base', '1', '0.1.0'].map((text) => ['added', text]))
    expect(diff.rules).toMatchObject([{ kind: 'added', direction: 'tightened', before: null }])
  })

  it('shows rules whose meet is too large to be worked out one by one, and does not guess their direction', () => {
    const rule = (first: number) => {
      const allow = Array.from({ length: 200 }, (_, at) => ({ protocol: 'tcp', cidr: '10.0.0.0/8', ports: [first + at, first + at + 10_000] }))
      return { setting: 'network', value: { mode: 'listed', allow } }
    }
    const [change] = rulesOf([rule(1)], [rule(1), rule(501)])
    expect(change).toMatchObject({ kind: 'changed', direction: 'other', before: { words: expect.stringContaining('port 1-10001,') } })
    expect(change?.after?.words).toContain('port 1-10001,')
    expect(change?.after?.words).toContain('; and only tcp 10.0.0.0/8 port 501-10501,')
  })

  it('is empty where only order and spelling differ', () => {
    const spelled = (days: string[], utcOffset: string) => ({
      when: { groups: days, time: { weekly: { days, from: '08:00', to: '18:00', utcOffset } }, runtimeVersion: {} },
    })
    expect(rulesOf([memory(128, spelled(['mon', 'tue'], '+00:00'))], [memory(128, spelled(['tue', 'mon', 'mon'], '-00:00'))])).toEqual([])
    expect(rulesOf([memory(128, spelled(['mon'], '+00:00'))], [memory(128, spelled(['mon'], '-01:00'))])).toHaveLength(2)
    fc.assert(
      fc.property(policyDocument, fc.infiniteStream(fc.nat()), (document, order) => {
        const rules = document.rules.map((rule) => ({ rule, at: order.next().value })).sort((one, other) => one.at - other.at)
        const again = policy.parse({ ...document, rules: [...rules.map(({ rule }) => rule), ...document.rules.slice(0, 1)] })
        expect(diffPolicies(document, again)).toEqual(nothing)
      }),
      { numRuns: 200 },
    )
  })

  it.each(settingNames)('never keeps a change of `%s` back, and reads the other way round backwards', (setting) => {
    const backwards = {
      added: 'removed',
      removed: 'added',
      changed: 'changed',
      tightened: 'loosened',
      loosened: 'tightened',
      other: 'other',
      same: 'same',
    }
    fc.assert(
      fc.property(fc.tuple(values[setting], values[setting]), ([one, other]) => {
        const [before, after] = [[{ setting, value: one }], [{ setting, value: other }]].map((rules) => written(rules))
        if (before === undefined || after === undefined) return
        const [there, back] = [diffPolicies(before, after).rules, diffPolicies(after, before).rules]
        const same = sameValue(normalValue<typeof setting>(setting, one), normalValue<typeof setting>(setting, other))
        expect(there.length).toBe(same ? 0 : 1)
        expect(there.every(({ details }) => details.length > 0)).toBe(true)
        expect(back.map(({ kind, direction }) => [kind, direction])).toEqual(
          there.map(({ kind, direction }) => [backwards[kind], backwards[direction]]),
        )
      }),
      { numRuns: 60 },
    )
  })
})
