// SPDX-License-Identifier: Apache-2.0
//
// Rules by address, found by the network they are for: what a look costs grows with the length of an
// address, not with the number of rules.
import type { Address, Cidr } from './address.ts'
import type { Destination, Protocol } from './destination.ts'

export interface CidrRule {
  readonly protocol: Protocol
  readonly cidr: Cidr
  /** Ports, inclusive. */
  readonly first: number
  readonly last: number
}

/** A prefix of addresses: what it grows into by the next bit, and the rules for just that network. */
interface Prefix {
  readonly next: [Prefix | undefined, Prefix | undefined]
  readonly rules: CidrRule[]
}

export class RuleIndex {
  /** By protocol and length of address. */
  readonly #roots = new Map<string, Prefix>()

  constructor(rules: readonly CidrRule[]) {
    for (const rule of rules) this.#add(rule)
  }

  permits({ protocol, address, port }: Destination): boolean {
    let prefix = this.#roots.get(kindOf(protocol, address))
    for (let bit = 0; prefix !== undefined; bit++) {
      if (holds(prefix, port)) return true
      prefix = prefix.next[bitOf(address, bit)]
    }
    return false
  }

  /** By a rule for this one address. */
  permitsExactly({ protocol, address, port }: Destination): boolean {
    let prefix = this.#roots.get(kindOf(protocol, address))
    for (let bit = 0; bit < address.length * 8; bit++) prefix = prefix?.next[bitOf(address, bit)]
    return prefix !== undefined && holds(prefix, port)
  }

  #add(rule: CidrRule): void {
    const { base, prefix: bits } = rule.cidr
    const kind = kindOf(rule.protocol, base)
    let prefix = this.#roots.get(kind) ?? empty()
    this.#roots.set(kind, prefix)
    for (let bit = 0; bit < bits; bit++) {
      const side = bitOf(base, bit)
      const longer: Prefix = prefix.next[side] ?? empty()
      prefix.next[side] = longer
      prefix = longer
    }
    prefix.rules.push(rule)
  }
}

export function isHost(cidr: Cidr): boolean {
  return cidr.prefix === cidr.base.length * 8
}

function empty(): Prefix {
  return { next: [undefined, undefined], rules: [] }
}

function holds({ rules }: Prefix, port: number): boolean {
  for (const { first, last } of rules) if (first <= port && port <= last) return true
  return false
}

function bitOf(address: Address, bit: number): 0 | 1 {
  return (((address[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) === 1 ? 1 : 0
}

function kindOf(protocol: Protocol, address: Address): string {
  return address.length === 4 ? `${protocol}4` : `${protocol}6`
}
