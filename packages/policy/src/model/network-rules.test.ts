// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { values } from '../../test/arbitraries.ts'
import { containsCidr, parseCidr } from './cidr.ts'
import {
  countRules,
  type DomainRule,
  meetNetworks,
  type NetworkRule,
  type NetworkSetting,
  networkRuleWords,
  networkSetting,
  networkWords,
} from './network-rules.ts'

interface Packet {
  readonly protocol: string
  readonly to: string
  /** For which the guest was told that address; null: for none. */
  readonly name: string | null
  readonly port: number
}

/** The plain meaning of a list, against which the meet is held. */
function allows(setting: NetworkSetting, sent: Packet): boolean {
  if (setting.mode === 'none') return false
  const { allow, allowDomains = [], deny = [], denyDomains = [] } = setting
  const matches = (rule: NetworkRule | DomainRule) => ruleMatches(rule, sent)
  return [...allow, ...allowDomains].some(matches) && ![...deny, ...denyDomains].some(matches)
}

function ruleMatches(rule: NetworkRule | DomainRule, { protocol, to, name, port }: Packet): boolean {
  const block = 'cidr' in rule ? rule.cidr : rule.within
  return (
    rule.protocol === protocol &&
    (block === undefined || containsCidr(parseCidr(block), parseCidr(to))) &&
    (rule.ports === null || (rule.ports[0] <= port && port <= rule.ports[1])) &&
    ('cidr' in rule || (name !== null && (rule.domain === name || (rule.domain.startsWith('*.') && name.endsWith(rule.domain.slice(1))))))
  )
}

const packet = fc.record({
  protocol: fc.constantFrom('tcp', 'udp', 'icmp'),
  to: fc.oneof(
    fc.ipV4().map((address) => `${address}/32`),
    fc.integer({ min: 0, max: 0xffff }).map((high) => `${high.toString(16)}::1/128`),
  ),
  name: fc.constantFrom(null, 'example.com', 'a.example.com', 'c.example.com', 'b.a.example.com', 'example.net'),
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

  it('say what is allowed by name and what is never, and count every rule', () => {
    const network: NetworkSetting = {
      mode: 'listed',
      allow: [{ protocol: 'tcp', cidr: '192.0.2.0/24', ports: [443, 443] }],
      allowDomains: [{ protocol: 'tcp', domain: '*.example.com', within: '198.51.100.0/24', ports: null }],
      deny: [{ protocol: 'tcp', cidr: '192.0.2.9/32', ports: null }],
      denyDomains: [{ protocol: 'udp', domain: 'ads.example.com', ports: null }],
    }
    expect(networkWords(network)).toBe(
      'only tcp 192.0.2.0/24 port 443, tcp *.example.com within 198.51.100.0/24; never tcp 192.0.2.9/32, udp ads.example.com',
    )
    expect([countRules(network), countRules({ mode: 'none' })]).toEqual([4, 0])
  })

  it('drop a name that a rule for its block lets through anyway, and one below a wider one', () => {
    const name = (domain: string, within?: string) => ({ protocol: 'tcp' as const, domain, ...(within === undefined ? {} : { within }), ports: null })
    const network: NetworkSetting = {
      mode: 'listed',
      allow: [{ protocol: 'tcp', cidr: '192.0.2.0/24', ports: null }],
      allowDomains: [name('example.com', '192.0.2.0/28'), name('*.example.org'), name('a.example.org'), name('example.org')],
    }
    const normal = { ...network, allowDomains: [name('*.example.org'), name('example.org')] }
    expect(meetNetworks(network, network)).toEqual(normal)
  })

  it.each(['Example.com', 'com', 'exa_mple.com', '-a.example.com', 'a..example.com', 'a.*.example.com', 'example.com.'])(
    'refuse the name %s',
    (domain) => {
      const of = (name: string) =>
        networkSetting.safeParse({ mode: 'listed', allow: [], allowDomains: [{ protocol: 'tcp', domain: name, ports: null }] })
      expect([of(domain).success, of('*.xn--bcher-kva.example').success]).toEqual([false, true])
    },
  )

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
    ['nothing but what is denied', null],
    ['another protocol', { protocol: 'sctp', cidr: '192.0.2.0/24', ports: null }],
  ])('refuse %s', (_what, rule) => {
    const refused = rule === null ? { allow: [], deny: [{ protocol: 'tcp', cidr: '192.0.2.0/24', ports: null }] } : { allow: [rule] }
    expect(networkSetting.safeParse({ mode: 'listed', ...refused }).success).toBe(false)
    expect(networkSetting.safeParse({ mode: 'listed', allow: [{ protocol: 'tcp', cidr: '192.0.2.0/24', ports: [1, 2] }] }).success).toBe(true)
  })
})
