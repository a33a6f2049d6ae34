// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { inputOf, type LayerOf, now, type WrittenRule } from '../../vectors/scenario.ts'
import { impactOf, type KnownDevice, type ReleaseWithLayers } from './impact.ts'
import { layPolicies } from './merge.ts'

const device = (sub: string, groups: string[] = [], runtimeVersion = '0.1.0'): KnownDevice => ({
  sub,
  claims: { user: null, groups, tags: [], assurance: 'software' },
  runtimeVersion,
})
const memory = (maxMiB: number): WrittenRule => ({ setting: 'memory', value: { maxMiB } })
const network = (cidr: string): WrittenRule => ({ setting: 'network', value: { mode: 'listed', allow: [{ protocol: 'tcp', cidr, ports: null }] } })

function released(...layers: readonly LayerOf[]): ReleaseWithLayers {
  const { release, policies } = inputOf({ layers })
  return { release: release.document, layers: layPolicies(release.document, policies) }
}
const organisation = (...rules: readonly WrittenRule[]): LayerOf => ({ layer: 'organisation', rules })

describe('the impact of a release', () => {
  it('hits nobody where nothing changes', () => {
    expect(impactOf(released(organisation(memory(128))), released(organisation(memory(128))), [device('one')], now)).toEqual([])
  })

  it('names what each device gains or loses, and only those that are hit', () => {
    const staff: LayerOf = { layer: 'group', selector: { group: 'staff' }, rules: [memory(128)] }
    const [before, after] = [released(organisation(memory(256))), released(organisation(memory(256)), staff)]
    const devices = [device('one'), device('two', ['staff'])]
    const change = (direction: string, from: number, to: number) => [
      { setting: 'memory', before: `at most ${from} MiB`, after: `at most ${to} MiB`, direction },
    ]
    expect(impactOf(before, after, devices, now)).toEqual([
      { device: 'two', changes: change('tightened', 256, 128), package: 'same', runtimeTooOld: null },
    ])
    expect(impactOf(after, before, devices, now)).toEqual([
      { device: 'two', changes: change('loosened', 128, 256), package: 'same', runtimeTooOld: null },
    ])
  })

  it('says so where one thing is allowed and another forbidden', () => {
    const impact = impactOf(released(organisation(network('192.0.2.0/24'))), released(organisation(network('198.51.100.0/24'))), [device('one')], now)
    expect(impact[0]?.changes[0]?.direction).toBe('other')
  })

  it('names a package that is new to a device, and a desktop that is', () => {
    const next = released()
    const updated = { ...next, release: { ...next.release, package: { path: 'packages/office/4.json', sha256: '00'.repeat(32) } } }
    expect(impactOf(released(), updated, [device('one')], now)[0]?.package).toBe('updated')
    expect(impactOf(null, updated, [device('one')], now)).toEqual([{ device: 'one', changes: [], package: 'first', runtimeTooOld: null }])
  })

  it('names the devices whose runtime is too old, and the version that they need', () => {
    const after = released(
      { ...organisation(), minRuntime: '0.2.0' },
      { layer: 'group', selector: { group: 'staff' }, rules: [], minRuntime: '0.10.0' },
    )
    const hit = impactOf(released(), after, [device('one', [], '0.2.0'), device('two'), device('three', ['staff'])], now)
    expect(hit.map(({ device: name, runtimeTooOld }) => [name, runtimeTooOld])).toEqual([
      ['two', '0.2.0'],
      ['three', '0.10.0'],
    ])
  })
})
