// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { values } from '../../test/arbitraries.ts'
import { containsCidr, parseCidr } from './cidr.ts'
import { joinNetworks, meetNetworks } from './network-rules.ts'
import {
  countRules,
  type DomainRule,
  type NetworkRule,
  type NetworkSetting,
  networkCapabilities,
  networkRuleWords,
  networkSetting,
  networkWords,
} from './network-setting.ts'

interface Packet {
  readonly protocol: string
  readonly to: string
  /** For which the guest was told that address; null: for none. */
  readonly name: string | null
  readonly port: number
  /** That address is one of the host's own. */
  readonly host: boolean
  /** Not to a server: to another desktop of that isolated network. */
  readonly lan: string | null
}

/** The plain meaning of a list, against which the meet is held. */
function allows(setting: NetworkSetting, sent: Packet): boolean {
  if (setting.mode === 'none') return false
  if (setting.mode === 'isolated') return sent.lan === setting.lan
  if (sent.lan !== null) return false
  const matches = (rule: NetworkRule | DomainRule) => ruleMatches(rule, sent)
  const lists = setting.mode === 'host-only' ? { ...setting, allow: [] } : setting
  const { allow, allowDomains = [], allowHost = [], deny = [], denyDomains = [] } = { allowDomains: [], denyDomains: [], ...lists }
  const toHost = sent.host && allowHost.some((rule) => rule.protocol === sent.protocol && holds(rule.ports, sent.port))
  return (toHost || [...allow, ...allowDomains].some(matches)) && ![...deny, ...denyDomains].some(matches)
}

function ruleMatches(rule: NetworkRule | DomainRule, { protocol, to, name, port }: Packet): boolean {
  const block = 'cidr' in rule ? rule.cidr : rule.within
  return (
    rule.protocol === protocol &&
    (block === undefined || containsCidr(parseCidr(block), parseCidr(to))) &&
    holds(rule.ports, port) &&
    ('cidr' in rule || (name !== null && (rule.domain === name || (rule.domain.startsWith('*.') && name.endsWith(rule.domain.slice(1))))))
  )
}

const holds = (ports: NetworkRule['ports'], port: number) => ports === null || (ports[0] <= port && port <= ports[1])

const anyPacket = fc.record({
  protocol: fc.constantFrom('tcp', 'udp', 'icmp'),
  to: fc.oneof(
    fc.ipV4().map((address) => `${address}/32`),
    fc.integer({ min: 0, max: 0xffff }).map((high) => `${high.toString(16)}::1/128`),
  ),
  name: fc.constantFrom(null, 'example.com', 'a.example.com', 'c.example.com', 'b.a.example.com', 'example.net'),
  port: fc.integer({ min: 1, max: 40 }),
  host: fc.boolean(),
  lan: fc.constantFrom(null, null, 'lab', 'shop'),
})
/** No name stands for an address of the host: the switch sees to that. */
const packet = anyPacket.map((sent) => ({ ...sent, name: sent.host ? null : sent.name }))

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

  it('open the host by rules of their own, which no block of addresses meets, and are of the host alone where nothing else is left', () => {
    const host = (from: number, to: number) => ({ protocol: 'tcp' as const, ports: [from, to] as [number, number] })
    const only: NetworkSetting = { mode: 'host-only', allowHost: [host(80, 90)] }
    const deny = [{ protocol: 'tcp' as const, cidr: '10.0.0.0/8', ports: null }]
    const everywhere: NetworkSetting = { mode: 'listed', allow: [{ protocol: 'tcp', cidr: '0.0.0.0/0', ports: null }], deny }
    expect(meetNetworks(only, everywhere)).toEqual({ mode: 'none' })
    expect(meetNetworks(only, { ...everywhere, allowHost: [host(85, 99)] })).toEqual({ mode: 'host-only', allowHost: [host(85, 90)], deny })
    expect(networkWords({ ...only, deny })).toBe('only tcp the host port 80-90; never tcp 10.0.0.0/8')
    expect(networkCapabilities(only)).toEqual(['network:host-only'])
    expect(networkCapabilities({ ...everywhere, ...only, mode: 'listed' })).toEqual(['network:listed', 'network:deny', 'network:host-only'])
    expect([countRules({ ...only, deny }), countRules({ ...everywhere, allowHost: only.allowHost })]).toEqual([2, 3])
  })

  it('of an isolated network meet themselves alone, and have no rules', () => {
    const lab: NetworkSetting = { mode: 'isolated', lan: 'lab' }
    expect(meetNetworks(lab, { ...lab })).toEqual(lab)
    expect(meetNetworks(lab, { mode: 'isolated', lan: 'shop' })).toEqual({ mode: 'none' })
    expect(meetNetworks(lab, { mode: 'host-only', allowHost: [{ protocol: 'tcp', ports: null }] })).toEqual({ mode: 'none' })
    expect([networkWords(lab), networkCapabilities(lab), countRules(lab)]).toEqual(['only the isolated network lab', ['network:isolated'], 0])
    expect(networkSetting.safeParse({ mode: 'isolated', lan: 'lab' }).success).toBe(true)
    for (const lan of ['', 'Lab', '../lab', 'a b', 'x'.repeat(65)]) expect(networkSetting.safeParse({ mode: 'isolated', lan }).success).toBe(false)
  })

  it('allow joined what either of them allows and never what the first denies', () => {
    fc.assert(
      fc.property(values.network, values.network, packet, (one, other, sent) => {
        const joined = joinNetworks(one, other)
        if (joined === undefined) return void expect([one.mode, other.mode]).toContain('isolated')
        const denied = one.mode !== 'none' && 'deny' in one && !allows({ ...one, deny: undefined } as NetworkSetting, sent)
        if (allows(one, sent)) expect(allows(joined, sent)).toBe(true)
        if (allows(joined, sent)) expect(allows(one, sent) || allows(other, sent) || denied).toBe(true)
      }),
      { numRuns: 500 },
    )
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
