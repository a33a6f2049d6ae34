// SPDX-License-Identifier: Apache-2.0
//
// PO-9: which servers a guest may reach. Lists of several layers meet: allowed is what every list allows, denied what any of them denies.
// Traffic by name is traffic to an address that the guest was told for that name, so a name and a block of addresses meet in both at once.
import { z } from 'zod'
import { PolicyError } from '../error.ts'
import { type Cidr, containsCidr, formatCidr, parseCidr } from './cidr.ts'
import { containsDomain, domainText } from './domain.ts'
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

const rules = z.array(networkRule).max(1000)
const domainRules = z.array(domainRule).min(1).max(1000).optional()

export const networkSetting = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('none') }),
  z
    .strictObject({
      mode: z.literal('listed'),
      allow: rules.describe('Traffic that is let through, by address'),
      allowDomains: domainRules.describe('Traffic that is let through, by name'),
      deny: rules.min(1).optional().describe('Traffic that is refused whatever is allowed, by address'),
      denyDomains: domainRules.describe('Traffic that is refused whatever is allowed, by name'),
    })
    .refine(({ allow, allowDomains = [] }) => allow.length + allowDomains.length > 0, 'expected some traffic to be let through'),
])

export type NetworkRule = z.infer<typeof networkRule>
export type DomainRule = z.infer<typeof domainRule>
export type NetworkSetting = z.infer<typeof networkSetting>
type Listed = Extract<NetworkSetting, { mode: 'listed' }>

interface ParsedRule {
  readonly protocol: NetworkRule['protocol']
  /** Null: any address of that name. */
  readonly cidr: Cidr | null
  /** Null: whatever the name. */
  readonly domain: string | null
  readonly from: number
  readonly to: number
}

/** Of what two lists have in common before rules inside others are dropped; it bounds the time that a meet takes. */
const mostMet = 20_000

/**
 * What both settings allow, in normal form; `none` where nothing is left to allow.
 * @throws PolicyError `network-rules-too-many`
 */
export function meetNetworks(one: NetworkSetting, other: NetworkSetting): NetworkSetting {
  if (one.mode === 'none' || other.mode === 'none') return { mode: 'none' }
  // A list met with itself is itself, however often its rules overlap.
  const allowed = one === other ? allowedOf(one) : meetLists(allowedOf(one), allowedOf(other))
  const allow = widestOf(allowed)
  if (allow.length === 0) return { mode: 'none' }
  const deny = widestOf([...deniedOf(one), ...deniedOf(other)])
  const [addresses, domains] = [allow.filter(isOfAddress), allow.filter((rule) => !isOfAddress(rule))]
  const [denied, deniedDomains] = [deny.filter(isOfAddress), deny.filter((rule) => !isOfAddress(rule))]
  return {
    mode: 'listed',
    allow: addresses.map(formatRule),
    ...(domains.length === 0 ? {} : { allowDomains: domains.map(formatDomainRule) }),
    ...(denied.length === 0 ? {} : { deny: denied.map(formatRule) }),
    ...(deniedDomains.length === 0 ? {} : { denyDomains: deniedDomains.map(formatDomainRule) }),
  }
}

/** How many rules there are, of every kind. */
export function countRules(network: NetworkSetting): number {
  if (network.mode === 'none') return 0
  const { allow, allowDomains, deny, denyDomains } = network
  return allow.length + (allowDomains?.length ?? 0) + (deny?.length ?? 0) + (denyDomains?.length ?? 0)
}

/** What enforcing it needs. */
export function networkCapabilities(network: NetworkSetting): readonly SettingCapability[] {
  if (network.mode === 'none') return []
  const { allowDomains = [], deny = [], denyDomains = [] } = network
  return [
    'network:listed' as const,
    ...(allowDomains.length + denyDomains.length > 0 ? ['network:domain' as const] : []),
    ...(deny.length + denyDomains.length > 0 ? ['network:deny' as const] : []),
  ]
}

export function networkWords(network: NetworkSetting): string {
  if (network.mode === 'none') return 'none'
  const { allow, allowDomains = [], deny = [], denyDomains = [] } = network
  const never = [...deny, ...denyDomains].map(networkRuleWords).join(', ')
  return `only ${[...allow, ...allowDomains].map(networkRuleWords).join(', ')}${never === '' ? '' : `; never ${never}`}`
}

export function networkRuleWords(rule: NetworkRule | DomainRule): string {
  const { protocol, ports: range } = rule
  const where = 'cidr' in rule ? rule.cidr : `${rule.domain}${rule.within === undefined ? '' : ` within ${rule.within}`}`
  if (range === null) return `${protocol} ${where}`
  return `${protocol} ${where} port ${range[0] === range[1] ? range[0] : range.join('-')}`
}

const allowedOf = ({ allow, allowDomains = [] }: Listed): ParsedRule[] => [...allow.map(parseRule), ...allowDomains.map(parseDomainRule)]
const deniedOf = ({ deny = [], denyDomains = [] }: Listed): ParsedRule[] => [...deny.map(parseRule), ...denyDomains.map(parseDomainRule)]

function isOfAddress(rule: ParsedRule): rule is ParsedRule & { readonly cidr: Cidr } {
  return rule.domain === null
}

function meetLists(one: readonly ParsedRule[], other: readonly ParsedRule[]): readonly ParsedRule[] {
  const met: ParsedRule[] = []
  for (const left of one) {
    met.push(...other.flatMap((right) => meetRules(left, right)))
    if (met.length > mostMet) throw new PolicyError('network-rules-too-many', `expected lists with at most ${mostMet} overlaps, found more`)
  }
  return met
}

/** Rules inside other rules dropped, sorted. */
function widestOf(rules: readonly ParsedRule[]): readonly ParsedRule[] {
  const widest: ParsedRule[] = []
  // Wider names, blocks and ranges first, so that one pass finds whatever contains a rule.
  const width = ({ domain, cidr, from, to }: ParsedRule) => [domain?.split('.').length ?? 0, cidr === null ? -1 : cidr.prefix, from - to] as const
  const sorted = rules
    .map((rule) => ({ rule, width: width(rule) }))
    .sort(
      (a, b) => a.width[0] - b.width[0] || Number(isExact(a.rule)) - Number(isExact(b.rule)) || a.width[1] - b.width[1] || a.width[2] - b.width[2],
    )
  for (const { rule } of sorted) if (!widest.some((wide) => containsRule(wide, rule))) widest.push(rule)
  return widest.sort(compareRules)
}

const isExact = ({ domain }: ParsedRule): boolean => domain !== null && !domain.startsWith('*.')

function meetRules(one: ParsedRule, other: ParsedRule): readonly ParsedRule[] {
  if (one.protocol !== other.protocol) return []
  const cidr = narrower(one.cidr, other.cidr, containsCidr)
  const domain = narrower(one.domain, other.domain, containsDomain)
  const [from, to] = [Math.max(one.from, other.from), Math.min(one.to, other.to)]
  return cidr === undefined || domain === undefined || from > to ? [] : [{ protocol: one.protocol, cidr, domain, from, to }]
}

/** The inner of two, null being all; undefined where neither lies in the other. */
function narrower<T>(one: T | null, other: T | null, contains: (outer: T, inner: T) => boolean): T | null | undefined {
  if (one === null) return other
  if (other === null || contains(other, one)) return one
  return contains(one, other) ? other : undefined
}

function containsRule(outer: ParsedRule, inner: ParsedRule): boolean {
  return (
    outer.protocol === inner.protocol &&
    outer.from <= inner.from &&
    inner.to <= outer.to &&
    (outer.cidr === null || (inner.cidr !== null && containsCidr(outer.cidr, inner.cidr))) &&
    (outer.domain === null || (inner.domain !== null && containsDomain(outer.domain, inner.domain)))
  )
}

function compareRules(a: ParsedRule, b: ParsedRule): number {
  return (
    compareText(a.protocol, b.protocol) ||
    compareText(a.domain ?? '', b.domain ?? '') ||
    compareBlocks(a.cidr, b.cidr) ||
    a.from - b.from ||
    a.to - b.to
  )
}

function compareBlocks(a: Cidr | null, b: Cidr | null): number {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null)
  if (a.family !== b.family) return a.family - b.family
  if (a.base !== b.base) return a.base < b.base ? -1 : 1
  return a.prefix - b.prefix
}

const compareText = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1)

function parseRule(rule: NetworkRule): ParsedRule {
  return { protocol: rule.protocol, cidr: parseCidr(rule.cidr), domain: null, ...range(rule.ports) }
}

function parseDomainRule({ protocol, domain, within, ports: written }: DomainRule): ParsedRule {
  return { protocol, cidr: within === undefined ? null : parseCidr(within), domain, ...range(written) }
}

const range = (written: NetworkRule['ports']) => ({ from: written?.[0] ?? 1, to: written?.[1] ?? 65_535 })

function formatRule({ protocol, cidr, from, to }: ParsedRule & { readonly cidr: Cidr }): NetworkRule {
  return { protocol, cidr: formatCidr(cidr), ports: formatPorts(from, to) }
}

function formatDomainRule({ protocol, cidr, domain, from, to }: ParsedRule): DomainRule {
  return { protocol, domain: domain ?? '', ...(cidr === null ? {} : { within: formatCidr(cidr) }), ports: formatPorts(from, to) }
}

const formatPorts = (from: number, to: number): NetworkRule['ports'] => (from === 1 && to === 65_535 ? null : [from, to])

function isCidr(text: string): boolean {
  try {
    parseCidr(text)
    return true
  } catch (error) {
    if (error instanceof PolicyError) return false
    throw error
  }
}
