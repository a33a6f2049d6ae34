// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { layered } from '../../test/arbitraries.ts'
import { inputOf, type LayerOf, now, type WrittenRule } from '../../vectors/scenario.ts'
import { catalogue, type SettingName, type SettingValues, settingNames } from '../model/settings.ts'
import { settingOf } from './decide.ts'
import { explain } from './explain.ts'
import { allSettings, layPolicies } from './merge.ts'

const lease = { sub: 'laptop-1', claims: { user: 'ada', groups: ['staff'], tags: ['floor-2'], assurance: 'software' as const } }
const circumstances = { claims: lease.claims, runtimeVersion: '0.1.0', network: null, now }
const memory = (maxMiB: number, when: WrittenRule['when'] = {}): WrittenRule => ({ setting: 'memory', value: { maxMiB }, when })
const exit = (value: 'user' | 'suspend' | 'power-off', locked = false): WrittenRule => ({ setting: 'exit', value, locked })

function story(name: SettingName, ...layers: readonly LayerOf[]) {
  const { release, policies } = inputOf({ layers })
  const found = explain(layPolicies(release.document, policies), lease, circumstances).find(({ setting }) => setting === name)
  return {
    words: found?.words,
    from: found?.from.map(({ layer, rule, words }) => `${layer} ${rule}: ${words}`),
    lost: found?.lost.map(({ layer, rule, because }) => `${layer} ${rule}: ${because}`),
  }
}

function wordsOf<N extends SettingName>(name: N, values: SettingValues): string {
  return catalogue[name].words(values[name])
}

describe('an explanation', () => {
  it('names the default by the absence of any source', () => {
    expect(story('memory')).toEqual({ words: 'what the machine asks for', from: [], lost: [] })
  })

  it('names the rule that decides and those that lost, and why', () => {
    expect(
      story(
        'memory',
        { layer: 'organisation', rules: [memory(256), memory(64, { tags: ['floor-9'] }), memory(128)] },
        { layer: 'group', selector: { group: 'guests' }, rules: [memory(32)] },
        { layer: 'device', selector: { device: 'laptop-1' }, rules: [memory(512)] },
      ),
    ).toEqual({
      words: 'at most 128 MiB',
      from: ['organisation 2: at most 128 MiB'],
      lost: ['organisation 0: outvoted', 'organisation 1: condition', 'group 0: other-device', 'device 0: outvoted'],
    })
  })

  it('names an unproven restriction as the source, and an unproven loosening as lost', () => {
    const office = { network: ['office'] }
    expect(story('memory', { layer: 'organisation', rules: [memory(128, office)] })).toMatchObject({
      from: ['organisation 0: at most 128 MiB'],
      lost: [],
    })
    expect(story('serial-port', { layer: 'organisation', rules: [{ setting: 'serial-port', value: 'captured', when: office }] })).toEqual({
      words: 'none',
      from: [],
      lost: ['organisation 0: unproven'],
    })
  })

  it('names a lock that holds against a nearer rule', () => {
    const layers = (locked: boolean): readonly LayerOf[] => [
      { layer: 'organisation', rules: [exit('suspend', locked)] },
      { layer: 'user', selector: { user: 'ada' }, rules: [exit('user')] },
    ]
    expect(story('exit', ...layers(true))).toEqual({ words: 'suspend', from: ['organisation 0: suspend'], lost: ['user 0: outvoted'] })
    expect(story('exit', ...layers(false))).toEqual({
      words: 'the user decides',
      from: ['user 0: the user decides'],
      lost: ['organisation 0: outvoted'],
    })
  })

  it('names all of several rules that say the same', () => {
    const same: LayerOf = { layer: 'organisation', rules: [memory(128)] }
    expect(story('memory', same, same).from).toEqual(['organisation 0: at most 128 MiB', 'organisation 0: at most 128 MiB'])
  })

  it('names every list that took part in a meet', () => {
    const list = (cidr: string): WrittenRule => ({
      setting: 'network',
      value: {
        mode: 'listed',
        allow: [
          { protocol: 'tcp', cidr, ports: [1, 443] },
          { protocol: 'udp', cidr, ports: null },
        ],
      },
    })
    const other: WrittenRule = { setting: 'network', value: { mode: 'listed', allow: [{ protocol: 'tcp', cidr: '10.0.0.0/8', ports: [80, 500] }] } }
    expect(
      story('network', { layer: 'organisation', rules: [list('10.1.0.0/16')] }, { layer: 'group', selector: { group: 'staff' }, rules: [other] }),
    ).toEqual({
      words: 'only tcp 10.1.0.0/16 port 80-443',
      from: ['organisation 0: only tcp 10.1.0.0/16 port 1-443, udp 10.1.0.0/16', 'group 0: only tcp 10.0.0.0/8 port 80-500'],
      lost: [],
    })
  })

  it('gives the value itself, and each rule with its condition in words', () => {
    const { release, policies } = inputOf({ layers: [{ layer: 'organisation', rules: [memory(128, { tags: ['floor-2'] })] }] })
    const found = explain(layPolicies(release.document, policies), lease, circumstances).find(({ setting }) => setting === 'memory')
    expect(found).toMatchObject({ value: { maxMiB: 128 }, from: [{ when: 'with tag `floor-2`', path: 'policies/organisation-1/1.json' }] })
  })

  it('names all the rules where they are too many together, instead of failing', () => {
    const listed = (first: number): WrittenRule => {
      const allow = Array.from({ length: 200 }, (_, at) => {
        const ports: [number, number] = [first + at, first + at + 10_000]
        return { protocol: 'tcp' as const, cidr: '10.0.0.0/8', ports }
      })
      return { setting: 'network', value: { mode: 'listed', allow } }
    }
    const many = (...rules: WrittenRule[]) => story('network', { layer: 'organisation', rules })
    expect(many(listed(1)).from).toHaveLength(1)
    const both = many(listed(1), listed(501))
    expect([both.words, both.from?.length, both.lost]).toEqual(['too many rules together', 2, []])
  })

  it('tells the value that decisions use, and every rule either as a source or as lost', () => {
    fc.assert(
      fc.property(layered, ({ references, policies }) => {
        const layers = layPolicies({ layers: [...references] }, policies)
        const values = allSettings(settingOf(layers, lease, { ...circumstances, hostNetwork: null }, now))
        for (const { setting, words, value, from, lost } of explain(layers, lease, circumstances)) {
          expect([words, value]).toEqual([wordsOf(setting, values), values[setting]])
          expect(from.length + lost.length).toBe(layers.rules[setting].length)
        }
        expect(settingNames.length).toBe(settingNames.length)
      }),
    )
  })
})
