// SPDX-License-Identifier: Apache-2.0
//
// PO-9: on which network a guest is and which servers it may reach, as policies write it. network-rules.ts has how two of them meet.
import { z } from 'zod'
import { PolicyError } from '../error.ts'
import { parseCidr } from './cidr.ts'
import { domainText } from './domain.ts'
import { slug } from './names.ts'
import type { SettingCapability } from './setting.ts'

const port = z.int().min(1).max(65_535)
const ports = z.tuple([port, port]).refine(([from, to]) => from <= to, 'expected the lower port first')
export const cidrText = z.string().max(64).refine(isCidr, 'expected an address block')

/** One kind of traffic to one block of addresses. `ports` is inclusive; null: every port, and always for icmp. */
export const networkRule = z
  .strictObject({
    protocol: z.enum(['tcp', 'udp', 'icmp']),
    cidr: cidrText.describe('Block of IPv4 or IPv6 addresses, such as `192.0.2.0/24`'),
    ports: ports.nullable().describe('First and last port; null is every port, and always for icmp'),
  })
  .refine((rule) => rule.protocol !== 'icmp' || rule.ports === null, 'icmp has no ports')

/** One kind of traffic to the addresses that a name has. */
export const domainRule = z
  .strictObject({
    protocol: z.enum(['tcp', 'udp', 'icmp']),
    domain: domainText.describe('A name such as `example.com`, or all names below it: `*.example.com`'),
    within: cidrText.optional().describe('Only where the address lies in this block'),
    ports: ports.nullable().describe('First and last port; null is every port, and always for icmp'),
  })
  .refine((rule) => rule.protocol !== 'icmp' || rule.ports === null, 'icmp has no ports')

/** One kind of traffic to the host itself. */
export const hostRule = z
  .strictObject({
    protocol: z.enum(['tcp', 'udp', 'icmp']),
    ports: ports.nullable().describe('First and last port; null is every port, and always for icmp'),
  })
  .refine((rule) => rule.protocol !== 'icmp' || rule.ports === null, 'icmp has no ports')

const rules = z.array(networkRule).max(1000)
const domainRules = z.array(domainRule).min(1).max(1000).optional()
const hostRules = z.array(hostRule).min(1).max(1000)
const hostWords = 'Traffic to the host itself, at any address of its own but loopback and link-local'
const denied = rules.min(1).optional().describe('Traffic that is refused whatever is allowed, by address')

export const networkSetting = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('none') }),
  z
    .strictObject({
      mode: z.literal('listed'),
      allow: rules.describe('Traffic that is let through, by address'),
      allowDomains: domainRules.describe('Traffic that is let through, by name'),
      allowHost: hostRules.optional().describe(hostWords),
      deny: denied,
      denyDomains: domainRules.describe('Traffic that is refused whatever is allowed, by name'),
    })
    .refine(
      ({ allow, allowDomains = [], allowHost = [] }) => allow.length + allowDomains.length + allowHost.length > 0,
      'expected some traffic to be let through',
    ),
  z.strictObject({ mode: z.literal('host-only'), allowHost: hostRules.describe(hostWords), deny: denied }),
  z.strictObject({
    mode: z.literal('isolated'),
    lan: slug.describe('Name of a network of this computer alone, for the desktops whose policies name it; nothing leads out of it'),
  }),
])

export type NetworkRule = z.infer<typeof networkRule>
export type DomainRule = z.infer<typeof domainRule>
export type HostRule = z.infer<typeof hostRule>
export type NetworkSetting = z.infer<typeof networkSetting>
export type Listing = Extract<NetworkSetting, { mode: 'listed' | 'host-only' }>

/** Of either mode, what is left out as an empty list. */
export function listsOf(network: Listing) {
  if (network.mode === 'host-only') return { allow: [], allowDomains: [], allowHost: network.allowHost, deny: network.deny ?? [], denyDomains: [] }
  const { allow, allowDomains = [], allowHost = [], deny = [], denyDomains = [] } = network
  return { allow, allowDomains, allowHost, deny, denyDomains }
}

/** How many rules there are, of every kind. */
export function countRules(network: NetworkSetting): number {
  if (network.mode === 'none' || network.mode === 'isolated') return 0
  const { allow, allowDomains, allowHost, deny, denyDomains } = listsOf(network)
  return allow.length + allowDomains.length + allowHost.length + deny.length + denyDomains.length
}

/** What enforcing it needs. */
export function networkCapabilities(network: NetworkSetting): readonly SettingCapability[] {
  if (network.mode === 'none') return []
  if (network.mode === 'isolated') return ['network:isolated']
  const { allowDomains, allowHost, deny, denyDomains } = listsOf(network)
  return [
    ...(network.mode === 'listed' ? ['network:listed' as const] : []),
    ...(allowDomains.length + denyDomains.length > 0 ? ['network:domain' as const] : []),
    ...(deny.length + denyDomains.length > 0 ? ['network:deny' as const] : []),
    ...(allowHost.length > 0 ? ['network:host-only' as const] : []),
  ]
}

export function networkWords(network: NetworkSetting): string {
  if (network.mode === 'none') return 'none'
  if (network.mode === 'isolated') return `only the isolated network ${network.lan}`
  const { allow, allowDomains, allowHost, deny, denyDomains } = listsOf(network)
  const never = [...deny, ...denyDomains].map(networkRuleWords).join(', ')
  return `only ${[...allow, ...allowDomains, ...allowHost].map(networkRuleWords).join(', ')}${never === '' ? '' : `; never ${never}`}`
}

export function networkRuleWords(rule: NetworkRule | DomainRule | HostRule): string {
  const { protocol, ports: range } = rule
  const where = 'cidr' in rule ? rule.cidr : 'domain' in rule ? nameWords(rule) : 'the host'
  if (range === null) return `${protocol} ${where}`
  return `${protocol} ${where} port ${range[0] === range[1] ? range[0] : range.join('-')}`
}

const nameWords = ({ domain, within }: DomainRule): string => `${domain}${within === undefined ? '' : ` within ${within}`}`

function isCidr(text: string): boolean {
  try {
    parseCidr(text)
    return true
  } catch (error) {
    if (error instanceof PolicyError) return false
    throw error
  }
}
