// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contains, formatAddress, knownAddress, knownCidr } from './address.ts'
import { type NetworkRule, RuleSet } from './rules.ts'

const rule = (protocol: NetworkRule['protocol'], cidr: string, ports: [number, number] | null = null): NetworkRule => ({ protocol, cidr, ports })
const to = (protocol: NetworkRule['protocol'], address: string, port: number) => ({ protocol, address: knownAddress(address), port })

describe('rules', () => {
  it.each<[NetworkRule, boolean]>([
    [rule('tcp', '192.0.2.7/32', [443, 443]), true],
    [rule('tcp', '192.0.2.0/24', [1, 65_535]), true],
    [rule('tcp', '192.0.2.0/24'), true],
    [rule('udp', '192.0.2.7/32', [443, 443]), false],
    [rule('tcp', '192.0.2.7/32', [444, 500]), false],
    [rule('tcp', '192.0.2.7/32', [1, 442]), false],
    [rule('tcp', '192.0.2.8/32', [443, 443]), false],
    [rule('tcp', '::/0', [443, 443]), false],
  ])('%j lets TCP to 192.0.2.7 port 443 pass: %j', (only, expected) => {
    expect(new RuleSet({ allow: [only] }).permits(to('tcp', '192.0.2.7', 443))).toBe(expected)
  })

  it('let nothing pass when there are none', () => {
    expect(new RuleSet({ allow: [] }).permits(to('tcp', '192.0.2.7', 443))).toBe(false)
  })

  it('list an address exactly only by a network of one address', () => {
    expect(new RuleSet({ allow: [rule('tcp', '192.0.2.6/31')] }).permitsExactly(to('tcp', '192.0.2.7', 443))).toBe(false)
    expect(new RuleSet({ allow: [rule('tcp', '192.0.2.7/32')] }).permitsExactly(to('tcp', '192.0.2.7', 443))).toBe(true)
  })

  it('name the resolvers of the guest: servers listed by one address on UDP port 53', () => {
    const rules = new RuleSet({
      allow: [
        rule('udp', '192.0.2.53/32', [53, 53]),
        rule('udp', '192.0.2.54/32'),
        rule('tcp', '192.0.2.55/32', [53, 53]),
        rule('udp', '192.0.2.0/24', [53, 53]),
        rule('udp', 'fd00::53/128', [53, 53]),
      ],
    })
    expect(rules.dnsServers(4).map(formatAddress)).toEqual(['192.0.2.53', '192.0.2.54'])
    expect(rules.dnsServers(16).map(formatAddress)).toEqual(['fd00::53'])
  })

  it.each<[string, NetworkRule]>([
    ['an address without bits', rule('tcp', '192.0.2.7')],
    ['ports the wrong way round', rule('tcp', '192.0.2.7/32', [2, 1])],
    ['port 0', rule('tcp', '192.0.2.7/32', [0, 1])],
    ['a port beyond 65535', rule('udp', '192.0.2.7/32', [1, 65_536])],
    ['half a port', rule('udp', '192.0.2.7/32', [1.5, 2])],
    ['ports of icmp', rule('icmp', '192.0.2.7/32', [1, 2])],
  ])('are refused with %s', (_, invalid) => {
    expect(() => new RuleSet({ allow: [rule('tcp', '192.0.2.7/32', [1, 2]), invalid] })).toThrow(
      expect.objectContaining({ code: 'network-rule-invalid' }),
    )
    expect(() => new RuleSet({ allow: [rule('tcp', '192.0.2.7/32', [1, 2]), rule('icmp', '192.0.2.7/32')] })).not.toThrow()
  })
})

describe('many rules', () => {
  it('let pass what one of them lets pass', () => {
    const address = fc.oneof(
      fc.tuple(fc.constantFrom('10.0.', '10.128.'), fc.nat(3), fc.nat(255)).map(([head, third, last]) => `${head}${third}.${last}`),
      fc.tuple(fc.constantFrom('fd00::', 'fd00:1::'), fc.nat(15)).map(([head, last]) => `${head}${last.toString(16)}`),
    )
    const listed = fc
      .tuple(fc.constantFrom('tcp' as const, 'udp' as const), address, fc.nat(32), fc.integer({ min: 1, max: 6 }), fc.nat(3))
      .map(([protocol, base, bits, first, width]) =>
        rule(protocol, `${base}/${base.includes(':') ? 96 + bits : bits}`, width === 3 ? null : [first, first + width]),
      )
    fc.assert(
      fc.property(
        fc.array(listed, { maxLength: 20 }),
        fc.constantFrom('tcp' as const, 'udp' as const),
        address,
        fc.integer({ min: 1, max: 9 }),
        (all, protocol, target, port) => {
          const destination = to(protocol, target, port)
          const matching = all.filter(
            (one) =>
              one.protocol === protocol &&
              contains(knownCidr(one.cidr), destination.address) &&
              (one.ports === null || (one.ports[0] <= port && port <= one.ports[1])),
          )
          const rules = new RuleSet({ allow: all })
          expect(rules.permits(destination)).toBe(matching.length > 0)
          expect(rules.permitsExactly(destination)).toBe(matching.some(({ cidr }) => cidr.endsWith(target.includes(':') ? '/128' : '/32')))
          expect(new RuleSet({ allow: [], deny: all }).denies(destination, [])).toBe(matching.length > 0)
        },
      ),
      { numRuns: 2000, seed: 20_261 },
    )
  })
})
