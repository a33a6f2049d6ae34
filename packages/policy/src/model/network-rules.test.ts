// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { values } from '../../test/arbitraries.ts'
import { containsCidr, parseCidr } from './cidr.ts'
import { meetNetworks, type NetworkRule, type NetworkSetting, networkRuleWords, networkSetting } from './network-rules.ts'

/** The plain meaning of a list, against which the meet is held. */
function allows(setting: NetworkSetting, packet: { readonly protocol: string; readonly to: string; readonly port: number }): boolean {
  if (setting.mode === 'none') return false
  return setting.allow.some(
    ({ protocol, cidr, ports }) =>
      protocol === packet.protocol &&
      containsCidr(parseCidr(cidr), parseCidr(packet.to)) &&
      (ports === null || (ports[0] <= packet.port && packet.port <= ports[1])),
  )
}

const packet = fc.record({
  protocol: fc.constantFrom('tcp', 'udp', 'icmp'),
  to: fc.oneof(
    fc.ipV4().map((address) => `${address}/32`),
    fc.integer({ min: 0, max: 0xffff }).map((high) => `${high.toString(16)}::1/128`),
  ),
  port: fc.integer({ min: 1, max: 40 }),
})

describe('lists of networks', () => {
  it('allow together exactly what each of them allows', () => {
    fc.assert(
      fc.property(values.network, values.network, packet, (one, other, sent) => {
        expect(allows(meetNetworks(one, other), sent)).toBe(allows(one, sent) && allows(other, sent))
      }),
      { numRuns: 1000 },
    )
  })

  it('mean the same in normal form', () => {
    fc.assert(
      fc.property(values.network, packet, (one, sent) => void expect(allows(meetNetworks(one, one), sent)).toBe(allows(one, sent))),
      { numRuns: 500 },
    )
  })

  it('are written in one order, without the rules that others contain', () => {
    const rule = (protocol: NetworkRule['protocol'], cidr: string, ports: NetworkRule['ports'] = null): NetworkRule => ({ protocol, cidr, ports })
    const normal = [
      rule('icmp', '10.0.0.0/8'),
      rule('tcp', '10.0.0.0/8', [1, 90]),
      rule('tcp', '10.0.0.0/8', [80, 100]),
      rule('tcp', '10.0.0.0/16', [50, 100]),
      rule('tcp', '11.0.0.0/8'),
      rule('tcp', '::/0'),
      rule('udp', '10.0.0.0/8'),
    ]
    const inside = [rule('tcp', '10.1.0.0/16', [2, 90]), rule('tcp', '11.0.0.0/9', [80, 80]), rule('udp', '10.0.0.0/8', [53, 53])]
    for (const allow of [[...normal, ...inside], [...inside, ...normal].reverse()]) {
      const list: NetworkSetting = { mode: 'listed', allow }
      expect(meetNetworks(list, list)).toEqual({ mode: 'listed', allow: normal })
      expect(meetNetworks(list, structuredClone(list))).toEqual({ mode: 'listed', allow: normal })
    }
  })

  it('are told in words', () => {
    const words = (ports: NetworkRule['ports']) => networkRuleWords({ protocol: 'tcp', cidr: '192.0.2.0/24', ports })
    expect([words(null), words([443, 443]), words([80, 443])]).toEqual([
      'tcp 192.0.2.0/24',
      'tcp 192.0.2.0/24 port 443',
      'tcp 192.0.2.0/24 port 80-443',
    ])
  })

  it('are refused where they overlap too often to be met in bounded time, and met just below', () => {
    const ranges = (count: number): NetworkSetting => ({
      mode: 'listed',
      allow: Array.from({ length: count }, (_, index) => ({
        protocol: 'tcp' as const,
        cidr: '0.0.0.0/0',
        ports: [index + 1, index + 2000] as [number, number],
      })),
    })
    expect(() => meetNetworks(ranges(200), ranges(200))).toThrow(expect.objectContaining({ code: 'network-rules-too-many' }))
    expect(meetNetworks(ranges(100), ranges(100)).mode).toBe('listed')
  })

  it.each([
    ['ports of icmp', { protocol: 'icmp', cidr: '192.0.2.0/24', ports: [1, 2] }],
    ['ports the wrong way round', { protocol: 'tcp', cidr: '192.0.2.0/24', ports: [2, 1] }],
    ['port 0', { protocol: 'tcp', cidr: '192.0.2.0/24', ports: [0, 1] }],
    ['bits beyond the prefix', { protocol: 'tcp', cidr: '192.0.2.1/24', ports: null }],
    ['another protocol', { protocol: 'sctp', cidr: '192.0.2.0/24', ports: null }],
  ])('refuse %s', (_what, rule) => {
    expect(networkSetting.safeParse({ mode: 'listed', allow: [rule] }).success).toBe(false)
    expect(networkSetting.safeParse({ mode: 'listed', allow: [{ protocol: 'tcp', cidr: '192.0.2.0/24', ports: [1, 2] }] }).success).toBe(true)
  })
})
