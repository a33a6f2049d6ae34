// SPDX-License-Identifier: Apache-2.0
//
// PO-9: which servers a guest may reach. Lists of several layers meet: allowed is what every list allows.
import { z } from 'zod'
import { PolicyError } from '../error.ts'
import { type Cidr, containsCidr, formatCidr, parseCidr } from './cidr.ts'

const port = z.int().min(1).max(65_535)
const ports = z.tuple([port, port]).refine(([from, to]) => from <= to, 'expected the lower port first')

/** One kind of traffic to one block of addresses. `ports` is inclusive; null: every port, and always for icmp. */
export const networkRule = z
  .strictObject({
    protocol: z.enum(['tcp', 'udp', 'icmp']),
    cidr: z.string().max(64).refine(isCidr, 'expected an address block').describe('Block of IPv4 or IPv6 addresses, such as `192.0.2.0/24`'),
    ports: ports.nullable().describe('First and last port; null is every port, and always for icmp'),
  })
  .refine((rule) => rule.protocol !== 'icmp' || rule.ports === null, 'icmp has no ports')

export const networkSetting = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('none') }),
  z.strictObject({ mode: z.literal('listed'), allow: z.array(networkRule).min(1).max(1000).describe('Traffic that is let through') }),
])

export type NetworkRule = z.infer<typeof networkRule>
export type NetworkSetting = z.infer<typeof networkSetting>

interface ParsedRule {
  readonly protocol: NetworkRule['protocol']
  readonly cidr: Cidr
  readonly from: number
  readonly to: number
}

/** Of what two lists have in common before rules inside others are dropped; it bounds the time that a meet takes. */
const mostMet = 20_000

/**
 * What both settings allow, in normal form; `none` where nothing is left.
 * @throws PolicyError `network-rules-too-many`
 */
export function meetNetworks(one: NetworkSetting, other: NetworkSetting): NetworkSetting {
  if (one.mode === 'none' || other.mode === 'none') return { mode: 'none' }
  // A list met with itself is itself, however often its rules overlap.
  if (one === other) return fromParsed(one.allow.map(parseRule))
  const others = other.allow.map(parseRule)
  const met: ParsedRule[] = []
  for (const left of one.allow.map(parseRule)) {
    met.push(...others.flatMap((right) => meetRules(left, right)))
    if (met.length > mostMet) throw new PolicyError('network-rules-too-many', `expected lists with at most ${mostMet} overlaps, found more`)
  }
  return fromParsed(met)
}

export function networkRuleWords({ protocol, cidr, ports }: NetworkRule): string {
  if (ports === null) return `${protocol} ${cidr}`
  return `${protocol} ${cidr} port ${ports[0] === ports[1] ? ports[0] : ports.join('-')}`
}

/** Blocks and ports in one spelling, rules inside other rules dropped, sorted. */
function fromParsed(rules: readonly ParsedRule[]): NetworkSetting {
  const widest: ParsedRule[] = []
  // Wider blocks and ranges first, so that one pass finds whatever contains a rule.
  for (const rule of [...rules].sort((a, b) => a.cidr.prefix - b.cidr.prefix || b.to - b.from - (a.to - a.from))) {
    if (!widest.some((wide) => containsRule(wide, rule))) widest.push(rule)
  }
  const allow = widest.sort(compareRules).map(formatRule)
  return allow.length === 0 ? { mode: 'none' } : { mode: 'listed', allow }
}

function meetRules(one: ParsedRule, other: ParsedRule): readonly ParsedRule[] {
  if (one.protocol !== other.protocol) return []
  const inner = containsCidr(one.cidr, other.cidr) ? other.cidr : containsCidr(other.cidr, one.cidr) ? one.cidr : undefined
  const [from, to] = [Math.max(one.from, other.from), Math.min(one.to, other.to)]
  return inner === undefined || from > to ? [] : [{ protocol: one.protocol, cidr: inner, from, to }]
}

function containsRule(outer: ParsedRule, inner: ParsedRule): boolean {
  return outer.protocol === inner.protocol && outer.from <= inner.from && inner.to <= outer.to && containsCidr(outer.cidr, inner.cidr)
}

function compareRules(a: ParsedRule, b: ParsedRule): number {
  if (a.protocol !== b.protocol) return a.protocol < b.protocol ? -1 : 1
  if (a.cidr.family !== b.cidr.family) return a.cidr.family - b.cidr.family
  if (a.cidr.base !== b.cidr.base) return a.cidr.base < b.cidr.base ? -1 : 1
  return a.cidr.prefix - b.cidr.prefix || a.from - b.from || a.to - b.to
}

function parseRule(rule: NetworkRule): ParsedRule {
  const [from, to] = rule.ports ?? [1, 65_535]
  return { protocol: rule.protocol, cidr: parseCidr(rule.cidr), from, to }
}

function formatRule({ protocol, cidr, from, to }: ParsedRule): NetworkRule {
  return { protocol, cidr: formatCidr(cidr), ports: from === 1 && to === 65_535 ? null : [from, to] }
}

function isCidr(text: string): boolean {
  try {
    parseCidr(text)
    return true
  } catch (error) {
    if (error instanceof PolicyError) return false
    throw error
  }
}
