// SPDX-License-Identifier: Apache-2.0
import { EngineError } from '../error.ts'
import { type Address, type Cidr, contains, formatAddress, parseCidr } from './address.ts'

export type Protocol = 'tcp' | 'udp' | 'icmp'

/** What the guest may reach. `icmp` is echo. Nothing is reachable that no rule lists. */
export interface NetworkRule {
  readonly protocol: Protocol
  /** IPv4 or IPv6 network, `address/bits`. */
  readonly cidr: string
  /** First and last port, inclusive; null: every port. Null for icmp. */
  readonly ports: readonly [number, number] | null
}

/** Where a flow wants to go; `port` is 0 for icmp. */
export interface Destination {
  readonly protocol: Protocol
  readonly address: Address
  readonly port: number
}

interface CompiledRule {
  readonly protocol: Protocol
  readonly cidr: Cidr
  readonly first: number
  readonly last: number
}

const DNS_PORT = 53
const MAX_DNS_SERVERS = 3

export class RuleSet {
  readonly #rules: readonly CompiledRule[]

  /** @throws EngineError `network-rule-invalid` naming the rule. */
  constructor(rules: readonly NetworkRule[]) {
    this.#rules = rules.map(compile)
  }

  permits(destination: Destination): boolean {
    return this.#rules.some((rule) => matches(rule, destination))
  }

  /** A rule for this one address, as an address of the host needs it. */
  permitsExactly(destination: Destination): boolean {
    return this.#rules.some((rule) => isHost(rule.cidr) && matches(rule, destination))
  }

  listsIpv6(): boolean {
    return this.#rules.some(({ cidr }) => cidr.base.length === 16)
  }

  /** Servers that the rules list by their one address and that may be asked over UDP port 53: what a guest is told to resolve with. */
  dnsServers(bytes: 4 | 16): readonly Address[] {
    const servers = new Map<string, Address>()
    for (const { protocol, cidr, first, last } of this.#rules) {
      if (protocol === 'udp' && isHost(cidr) && cidr.base.length === bytes && first <= DNS_PORT && last >= DNS_PORT) {
        servers.set(formatAddress(cidr.base), cidr.base)
      }
    }
    return [...servers.values()].slice(0, MAX_DNS_SERVERS)
  }
}

function compile(rule: NetworkRule): CompiledRule {
  const cidr = parseCidr(rule.cidr)
  if (cidr === null) throw new EngineError('network-rule-invalid', `\`${rule.cidr}\` is not a network, expected \`address/bits\``)
  const [first, last] = rule.ports ?? [0, 65_535]
  if (rule.protocol === 'icmp' && rule.ports !== null) throw new EngineError('network-rule-invalid', `a rule for \`icmp\` has ports, expected none`)
  if (rule.ports !== null && !(Number.isInteger(first) && Number.isInteger(last) && first >= 1 && first <= last && last <= 65_535)) {
    throw new EngineError('network-rule-invalid', `ports \`${first}\` to \`${last}\`, expected a range within 1 to 65535`)
  }
  return { protocol: rule.protocol, cidr, first, last }
}

function matches(rule: CompiledRule, { protocol, address, port }: Destination): boolean {
  return rule.protocol === protocol && rule.first <= port && port <= rule.last && contains(rule.cidr, address)
}

function isHost(cidr: Cidr): boolean {
  return cidr.prefix === cidr.base.length * 8
}
