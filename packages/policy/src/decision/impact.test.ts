// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { inputOf, type LayerOf, now, type WrittenRule } from '../../vectors/scenario.ts'
import { impactOf, type KnownDevice, type ReleaseWithLayers } from './impact.ts'
import { layPolicies } from './merge.ts'

const device = (sub: string, groups: string[] = [], more: Partial<KnownDevice> = {}): KnownDevice => ({
  sub,
  claims: { user: null, groups, tags: [], assurance: 'software' },
  runtimeVersion: '0.1.0',
  engines: null,
  activatedAt: null,
  ...more,
})
const runs = { before: [], after: [] }
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
      { setting: 'memory', before: `at most ${from} MiB`, after: `at most ${to} MiB`, direction, details: [`maxMiB: ${from} → ${to}`] },
    ]
    expect(impactOf(before, after, devices, now)).toEqual([{ device: 'two', changes: change('tightened', 256, 128), package: 'same', refused: runs }])
    expect(impactOf(after, before, devices, now)).toEqual([{ device: 'two', changes: change('loosened', 128, 256), package: 'same', refused: runs }])
  })

  it('says so where one thing is allowed and another forbidden', () => {
    const impact = impactOf(released(organisation(network('192.0.2.0/24'))), released(organisation(network('198.51.100.0/24'))), [device('one')], now)
    expect(impact[0]?.changes[0]?.direction).toBe('other')
  })

  it('names a package that is new to a device, and a desktop that is', () => {
    const next = released()
    const updated = { ...next, release: { ...next.release, package: { path: 'packages/office/4.json', sha256: '00'.repeat(32) } } }
    expect(impactOf(released(), updated, [device('one')], now)[0]?.package).toBe('updated')
    expect(impactOf(null, updated, [device('one')], now)).toEqual([{ device: 'one', changes: [], package: 'first', refused: runs }])
  })

  const codesOf = (before: ReleaseWithLayers | null, after: ReleaseWithLayers, ...devices: readonly KnownDevice[]) =>
    impactOf(before, after, devices, now).map(({ device: name, refused }) => [
      name,
      refused.before.map(({ code }) => code).join(),
      refused.after.map(({ code }) => code).join(),
    ])

  it('names the devices whose runtime is too old, and the version that they need', () => {
    const after = released(
      { ...organisation(), minRuntime: '0.2.0' },
      { layer: 'group', selector: { group: 'staff' }, rules: [], minRuntime: '0.10.0' },
    )
    const devices = [device('one', [], { runtimeVersion: '0.2.0' }), device('two'), device('three', ['staff'])]
    const hit = impactOf(released(), after, devices, now)
    expect(hit.map(({ device: name, refused }) => [name, refused.after.map(({ code, sentence }) => [code, sentence])])).toEqual([
      ['two', [['runtime-too-old', 'This desktop needs version 0.2.0 of the runtime; this is 0.1.0.']]],
      ['three', [['runtime-too-old', 'This desktop needs version 0.10.0 of the runtime; this is 0.1.0.']]],
    ])
  })

  it('names the devices whose engines cannot enforce it, by what they reported; of others it says nothing', () => {
    const [before, after] = [released(organisation()), released(organisation(network('192.0.2.0/24')))]
    const able = { name: 'qemu' as const, capabilities: ['network:listed' as const] }
    const devices = [
      device('able', [], { engines: [able] }),
      device('unable', [], { engines: [{ name: 'v86', capabilities: [] }] }),
      device('none', [], { engines: [] }),
      device('unknown'),
    ]
    expect(codesOf(before, after, ...devices)).toEqual([
      ['able', '', ''],
      ['unable', '', 'capability-missing'],
      ['none', 'engine-missing', 'engine-missing'],
      ['unknown', '', ''],
    ])
    expect(codesOf(after, before, ...devices)[1]).toEqual(['unable', 'capability-missing', ''])
  })

  it('names the devices whose engines do not have the hardware of the package', () => {
    const needs = ['chipset:q35', 'tpm']
    const after = { ...released(organisation()), needs }
    const devices = [
      device('able', [], { engines: [{ name: 'qemu', capabilities: [], hardware: ['tpm', 'disk:sata', 'chipset:q35'] }] }),
      device('without a TPM', [], { engines: [{ name: 'qemu', capabilities: [], hardware: ['chipset:q35'] }] }),
      device('older', [], { engines: [{ name: 'v86', capabilities: [] }] }),
    ]
    expect(codesOf(released(organisation()), after, ...devices)).toEqual([
      ['without a TPM', '', 'capability-missing'],
      ['older', '', 'capability-missing,capability-missing'],
    ])
  })

  it('names the devices whose instance would have expired, to the second', () => {
    const expiry = (afterDays: number): LayerOf => organisation({ setting: 'expiry', value: { afterDays, lastDay: null, warnDays: 0 } })
    const devices = [
      device('over', [], { activatedAt: now - 86_400 }),
      device('not yet', [], { activatedAt: now - 86_399 }),
      device('never activated'),
    ]
    expect(codesOf(released(expiry(9)), released(expiry(1)), ...devices)).toEqual([
      ['over', '', 'instance-expired'],
      ['not yet', '', ''],
      ['never activated', '', ''],
    ])
  })

  it('names rules that are too many together as a refusal, and goes on with the other devices', () => {
    const rule = (first: number): WrittenRule => {
      const allow = Array.from({ length: 200 }, (_, at) => {
        const ports: [number, number] = [first + at, first + at + 10_000]
        return { protocol: 'tcp' as const, cidr: '10.0.0.0/8', ports }
      })
      return { setting: 'network', value: { mode: 'listed', allow } }
    }
    const after = released(organisation(rule(1)), { layer: 'group', selector: { group: 'staff' }, rules: [rule(501)] })
    expect(codesOf(released(organisation(rule(1))), after, device('one'), device('two', ['staff']))).toEqual([['two', '', 'policy-too-large']])
  })
})
