// SPDX-License-Identifier: Apache-2.0
//
// PO-9 of several layers, which meet: allowed is what every list allows, denied what any of them denies.
// Traffic by name is traffic to an address that the guest was told for that name, so a name and a block of addresses meet in both at once.
// The host's own addresses are known on the host alone: what is allowed to it meets what is allowed to it elsewhere, and nothing else.
// A guest has one card: on an isolated network it is there and nowhere else, so that such a network meets itself alone.
import { PolicyError } from '../error.ts'
import { type Cidr, containsCidr, formatCidr, parseCidr } from './cidr.ts'
import { containsDomain } from './domain.ts'
import { type DomainRule, type HostRule, type Listing, listsOf, type NetworkRule, type NetworkSetting } from './network-setting.ts'

interface ParsedRule {
  readonly protocol: NetworkRule['protocol']
  /** Null: any address of that name, or of the host. */
  readonly cidr: Cidr | null
  /** Null: whatever the name; where `cidr` is null too, the host. */
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
  if (one.mode === 'isolated' || other.mode === 'isolated') {
    return one.mode === 'isolated' && other.mode === 'isolated' && one.lan === other.lan ? { mode: 'isolated', lan: one.lan } : { mode: 'none' }
  }
  // A list met with itself is itself, however often its rules overlap.
  const allow = widestOf(one === other ? allowedOf(one) : meetLists(allowedOf(one), allowedOf(other)))
  if (allow.length === 0) return { mode: 'none' }
  const deny = widestOf([...deniedOf(one), ...deniedOf(other)])
  const [addresses, domains, host] = [allow.filter(isOfAddress), allow.filter(isOfName), allow.filter(isOfHost)]
  const [denied, deniedDomains] = [deny.filter(isOfAddress), deny.filter(isOfName)]
  const never = denied.length === 0 ? {} : { deny: denied.map(formatRule) }
  // A name never stands for the host, so none that is denied bounds what is allowed to it.
  if (addresses.length + domains.length === 0) return { mode: 'host-only', allowHost: host.map(formatHostRule), ...never }
  return {
    mode: 'listed',
    allow: addresses.map(formatRule),
    ...(domains.length === 0 ? {} : { allowDomains: domains.map(formatDomainRule) }),
    ...(host.length === 0 ? {} : { allowHost: host.map(formatHostRule) }),
    ...never,
    ...(deniedDomains.length === 0 ? {} : { denyDomains: deniedDomains.map(formatDomainRule) }),
  }
}

/** All that either allows, and what the first denies; undefined where one is on an isolated network: there is one card. */
export function joinNetworks(one: NetworkSetting, other: NetworkSetting): NetworkSetting | undefined {
  if (one.mode === 'none') return other
  if (other.mode === 'none') return one
  if (one.mode === 'isolated' || other.mode === 'isolated') return undefined
  const [first, second] = [listsOf(one), listsOf(other)]
  const domains = [...first.allowDomains, ...second.allowDomains]
  const host = [...first.allowHost, ...second.allowHost]
  const value: NetworkSetting = {
    mode: 'listed',
    allow: [...first.allow, ...second.allow],
    ...(domains.length === 0 ? {} : { allowDomains: domains }),
    ...(host.length === 0 ? {} : { allowHost: host }),
    ...(first.deny.length === 0 ? {} : { deny: [...first.deny] }),
    ...(first.denyDomains.length === 0 ? {} : { denyDomains: [...first.denyDomains] }),
  }
  return meetNetworks(value, value)
}

function allowedOf(network: Listing): ParsedRule[] {
  const { allow, allowDomains, allowHost } = listsOf(network)
  return [...allow.map(parseRule), ...allowDomains.map(parseDomainRule), ...allowHost.map(parseHostRule)]
}

function deniedOf(network: Listing): ParsedRule[] {
  const { deny, denyDomains } = listsOf(network)
  return [...deny.map(parseRule), ...denyDomains.map(parseDomainRule)]
}

function isOfAddress(rule: ParsedRule): rule is ParsedRule & { readonly cidr: Cidr } {
  return rule.domain === null && rule.cidr !== null
}

const isOfName = ({ domain }: ParsedRule): boolean => domain !== null
const isOfHost = ({ domain, cidr }: ParsedRule): boolean => domain === null && cidr === null

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
  if (one.protocol !== other.protocol || isOfHost(one) !== isOfHost(other)) return []
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
    isOfHost(outer) === isOfHost(inner) &&
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

function parseHostRule({ protocol, ports: written }: HostRule): ParsedRule {
  return { protocol, cidr: null, domain: null, ...range(written) }
}

const range = (written: NetworkRule['ports']) => ({ from: written?.[0] ?? 1, to: written?.[1] ?? 65_535 })

function formatRule({ protocol, cidr, from, to }: ParsedRule & { readonly cidr: Cidr }): NetworkRule {
  return { protocol, cidr: formatCidr(cidr), ports: formatPorts(from, to) }
}

function formatDomainRule({ protocol, cidr, domain, from, to }: ParsedRule): DomainRule {
  return { protocol, domain: domain ?? '', ...(cidr === null ? {} : { within: formatCidr(cidr) }), ports: formatPorts(from, to) }
}

function formatHostRule({ protocol, from, to }: ParsedRule): HostRule {
  return { protocol, ports: formatPorts(from, to) }
}

const formatPorts = (from: number, to: number): NetworkRule['ports'] => (from === 1 && to === 65_535 ? null : [from, to])
