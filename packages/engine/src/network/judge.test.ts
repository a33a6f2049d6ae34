// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { knownAddress, knownCidr } from './address.ts'
import { HostAddresses } from './host-addresses.ts'
import { judge } from './judge.ts'
import { NO_NAMES } from './name-table.ts'
import { type NetworkRule, type NetworkRules, RuleSet } from './rules.ts'

const host = new HostAddresses(['192.0.2.2/32', '127.0.0.0/8', 'fd00::2/128', '10.9.0.0/16'].map(knownCidr))
const tcp = (...cidrs: string[]) => new RuleSet({ allow: cidrs.map((cidr): NetworkRule => ({ protocol: 'tcp', cidr, ports: null })) })
const everything = tcp('0.0.0.0/0', '::/0')
const verdict = (address: string, rules: RuleSet, known: HostAddresses | null = host) =>
  judge({ protocol: 'tcp', address: knownAddress(address), port: 80 }, rules, known, NO_NAMES)

describe('a flow', () => {
  it('is allowed where a rule lists it, and refused where none does', () => {
    expect(verdict('198.51.100.1', tcp('198.51.100.0/24'))).toBe('allowed')
    expect(verdict('198.51.101.1', tcp('198.51.100.0/24'))).toBe('unlisted')
  })

  it.each(['192.0.2.2', 'fd00::2', '10.9.1.1', '64:ff9b::192.0.2.2', '2002:c000:202::1'])(
    'to `%s`, which is the host, needs a rule for just that',
    (address) => {
      expect(verdict(address, everything)).toBe('host-address')
      expect(verdict(address, tcp(`${address}/${address.includes(':') ? 128 : 32}`))).toBe('allowed')
    },
  )

  it.each([
    ...['127.0.0.1', '127.9.9.9', '0.0.0.0', '169.254.169.254', '224.0.0.251', '255.255.255.255', '240.0.0.1'],
    ...['::', '::1', '::127.0.0.1', '::ffff:127.0.0.1', '::ffff:198.51.100.1', 'fe80::1', 'ff02::1', '64:ff9b::127.0.0.1', '2002:7f00:1::1'],
  ])('to `%s` is refused, whatever is listed', (address) => {
    expect(verdict(address, tcp('0.0.0.0/0', '::/0', `${address}/${address.includes(':') ? 128 : 32}`))).toBe('special-address')
  })

  it('to the host is allowed at every address of its own by a rule for the host, at its ports alone, and never to loopback or by a translator', () => {
    const allowHost = [{ protocol: 'tcp' as const, ports: [80, 80] as const }]
    const to = (address: string, port = 80, rules: Partial<NetworkRules> = {}) =>
      judge({ protocol: 'tcp', address: knownAddress(address), port }, new RuleSet({ allow: [], allowHost, ...rules }), host, NO_NAMES)
    expect(['192.0.2.2', 'fd00::2', '10.9.1.1'].map((address) => to(address))).toEqual(['allowed', 'allowed', 'allowed'])
    expect([to('192.0.2.2', 81), to('192.0.2.2', 80, { allowHost: [] })]).toEqual(['host-address', 'host-address'])
    expect([to('198.51.100.1'), to('127.0.0.1'), to('::1'), to('169.254.1.1')]).toEqual(['unlisted', ...Array(3).fill('special-address')])
    expect(['64:ff9b::192.0.2.2', '2002:c000:202::1'].map((address) => to(address))).toEqual(['host-address', 'host-address'])
    expect(to('192.0.2.2', 80, { deny: [{ protocol: 'tcp', cidr: '192.0.2.0/24', ports: null }] })).toBe('denied')
  })

  it('is refused while the addresses of the host are not known', () => {
    expect(verdict('198.51.100.1', everything, null)).toBe('host-unknown')
    expect(verdict('198.51.100.1', everything)).toBe('allowed')
  })
})
