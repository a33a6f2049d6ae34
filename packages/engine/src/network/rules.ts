// SPDX-License-Identifier: Apache-2.0
import { EngineError } from '../error.ts'
import { type Address, type Cidr, formatAddress, parseCidr } from './address.ts'
import type { Destination, Protocol } from './destination.ts'
import { type CompiledDomainRule, DomainIndex, isLeft, mayBe } from './domain-index.ts'
import { isResolverName } from './known-resolvers.ts'
import { type CidrRule, isHost, RuleIndex } from './rule-index.ts'

/** Traffic to a block of addresses. `icmp` is echo. */
export interface NetworkRule {
  readonly protocol: Protocol
  /** IPv4 or IPv6 network, `address/bits`. */
  readonly cidr: string
  /** First and last port, inclusive; null: every port. Null for icmp. */
  readonly ports: readonly [number, number] | null
}

/** Traffic to the addresses that the guest was told for a name. */
export interface DomainRule {
  readonly protocol: Protocol
  /** A name in small letters, or all names below one: `*.example.com`. */
  readonly domain: string
  /** Only where the address lies in this network. */
  readonly within?: string | undefined
  readonly ports: readonly [number, number] | null
}

/** Traffic to the host itself, whatever of its own addresses is meant. */
export interface HostRule {
  readonly protocol: Protocol
  readonly ports: readonly [number, number] | null
}

/** What the guest may reach: what is allowed and not denied. */
export interface NetworkRules {
  readonly allow: readonly NetworkRule[]
  readonly allowDomains?: readonly DomainRule[] | undefined
  readonly allowHost?: readonly HostRule[] | undefined
  readonly deny?: readonly NetworkRule[] | undefined
  readonly denyDomains?: readonly DomainRule[] | undefined
}

const DNS_PORT = 53
const MAX_DNS_SERVERS = 3

export class RuleSet {
  readonly #listed: readonly CidrRule[]
  readonly #allow: RuleIndex
  readonly #deny: RuleIndex
  readonly #allowDomains: DomainIndex
  readonly #denyDomains: DomainIndex
  readonly #host: readonly { readonly protocol: Protocol; readonly first: number; readonly last: number }[]

  /** @throws EngineError `network-rule-invalid` naming the rule. */
  constructor({ allow, allowDomains = [], allowHost = [], deny = [], denyDomains = [] }: NetworkRules) {
    this.#listed = allow.map(compile)
    this.#allow = new RuleIndex(this.#listed)
    this.#deny = new RuleIndex(deny.map(compile))
    this.#allowDomains = new DomainIndex(allowDomains.map(compileDomain))
    this.#denyDomains = new DomainIndex(denyDomains.map(compileDomain))
    this.#host = allowHost.map((rule) => ({ protocol: rule.protocol, ...portsOf(rule) }))
  }

  /** By address. */
  permits(destination: Destination): boolean {
    return this.#allow.permits(destination)
  }

  /** A rule for this one address, as an address of the host needs it. */
  permitsExactly(destination: Destination): boolean {
    return this.#allow.permitsExactly(destination)
  }

  /** Of the host, whose address it is. */
  permitsHost({ protocol, port }: Destination): boolean {
    return this.#host.some((rule) => rule.protocol === protocol && rule.first <= port && port <= rule.last)
  }

  /** Whether anything of the host is open by a rule for the host. */
  get listsHost(): boolean {
    return this.#host.length > 0
  }

  /** By a name that the destination goes by. */
  permitsNames(destination: Destination, names: readonly string[]): boolean {
    return this.#allowDomains.permits(destination, names)
  }

  denies(destination: Destination, names: readonly string[]): boolean {
    return this.#deny.permits(destination) || this.#denyDomains.permits(destination, names)
  }

  /** What is left of the rules for a name once those that deny it are taken away; empty: the name is not to be resolved. */
  rulesForName(name: string): readonly CompiledDomainRule[] {
    const denied = this.#denyDomains.rulesFor(name)
    const left = this.#allowDomains.rulesFor(name).filter((rule) => isLeft(rule, denied))
    // A resolver that tells names over HTTPS would be a way past all of this: only its own name opens it.
    return isResolverName(name) ? left.filter(({ domain }) => domain === name) : left
  }

  deniesName(name: string): boolean {
    return this.#denyDomains.rulesFor(name).length > 0
  }

  get listsNames(): boolean {
    return this.#allowDomains.size > 0
  }

  listsIpv6(): boolean {
    return this.listsHost || this.#listed.some(({ cidr }) => cidr.base.length === 16) || this.#allowDomains.isFor(16)
  }

  /** Servers that the rules list by their one address and that may be asked over UDP port 53: what a guest is told to resolve with. */
  dnsServers(bytes: 4 | 16): readonly Address[] {
    const servers = new Map<string, Address>()
    for (const { protocol, cidr, first, last } of this.#listed) {
      const asked = { protocol, address: cidr.base, port: DNS_PORT }
      if (protocol !== 'udp' || !isHost(cidr) || cidr.base.length !== bytes || first > DNS_PORT || last < DNS_PORT) continue
      if (!this.#deny.permits(asked)) servers.set(formatAddress(cidr.base), cidr.base)
    }
    return [...servers.values()].slice(0, MAX_DNS_SERVERS)
  }
}

/** Whether a rule in `rules` is for that address. */
export function opens(rules: readonly CompiledDomainRule[], address: Address): boolean {
  return rules.some((rule) => mayBe(rule, address))
}

function compile(rule: NetworkRule): CidrRule {
  return { protocol: rule.protocol, cidr: networkOf(rule.cidr), ...portsOf(rule) }
}

const DOMAIN = /^(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

function compileDomain(rule: DomainRule): CompiledDomainRule {
  const { protocol, domain, within } = rule
  if (domain.length > 253 || !DOMAIN.test(domain)) throw new EngineError('network-rule-invalid', `\`${domain.slice(0, 300)}\` is not a name of hosts`)
  return { protocol, domain, within: within === undefined ? null : networkOf(within), ...portsOf(rule) }
}

function networkOf(text: string): Cidr {
  const cidr = parseCidr(text)
  if (cidr === null) throw new EngineError('network-rule-invalid', `\`${text}\` is not a network, expected \`address/bits\``)
  return cidr
}

function portsOf({ protocol, ports }: Pick<NetworkRule, 'protocol' | 'ports'>): { readonly first: number; readonly last: number } {
  const [first, last] = ports ?? [0, 65_535]
  if (protocol === 'icmp' && ports !== null) throw new EngineError('network-rule-invalid', `a rule for \`icmp\` has ports, expected none`)
  if (ports !== null && !(Number.isInteger(first) && Number.isInteger(last) && first >= 1 && first <= last && last <= 65_535)) {
    throw new EngineError('network-rule-invalid', `ports \`${first}\` to \`${last}\`, expected a range within 1 to 65535`)
  }
  return { first, last }
}
