// SPDX-License-Identifier: Apache-2.0
//
// Rules by address, found by the network they are for: what a look costs grows with the number of prefix lengths, not of rules.
import type { Address, Cidr } from './address.ts'
import type { Destination, Protocol } from './destination.ts'

export interface CidrRule {
  readonly protocol: Protocol
  readonly cidr: Cidr
  /** Ports, inclusive. */
  readonly first: number
  readonly last: number
}

interface Bucket {
  readonly prefix: number
  readonly rules: Map<string, CidrRule[]>
}

export class RuleIndex {
  /** By protocol and length of address, widest network first. */
  readonly #buckets = new Map<string, Bucket[]>()

  constructor(rules: readonly CidrRule[]) {
    for (const rule of rules) this.#add(rule)
    for (const buckets of this.#buckets.values()) buckets.sort((one, other) => one.prefix - other.prefix)
  }

  permits({ protocol, address, port }: Destination): boolean {
    const buckets = this.#buckets.get(kindOf(protocol, address)) ?? []
    return buckets.some(({ prefix, rules }) => holds(rules.get(keyOf(address, prefix)), port))
  }

  /** By a rule for this one address. */
  permitsExactly({ protocol, address, port }: Destination): boolean {
    const bits = address.length * 8
    const bucket = this.#buckets.get(kindOf(protocol, address))?.find(({ prefix }) => prefix === bits)
    return holds(bucket?.rules.get(keyOf(address, bits)), port)
  }

  #add(rule: CidrRule): void {
    const { protocol, cidr } = rule
    const kind = kindOf(protocol, cidr.base)
    const buckets = this.#buckets.get(kind) ?? []
    this.#buckets.set(kind, buckets)
    let bucket = buckets.find(({ prefix }) => prefix === cidr.prefix)
    if (bucket === undefined) {
      bucket = { prefix: cidr.prefix, rules: new Map() }
      buckets.push(bucket)
    }
    const key = keyOf(cidr.base, cidr.prefix)
    const same = bucket.rules.get(key)
    if (same === undefined) bucket.rules.set(key, [rule])
    else same.push(rule)
  }
}

export function isHost(cidr: Cidr): boolean {
  return cidr.prefix === cidr.base.length * 8
}

function holds(rules: readonly CidrRule[] | undefined, port: number): boolean {
  return rules?.some(({ first, last }) => first <= port && port <= last) ?? false
}

function kindOf(protocol: Protocol, address: Address): string {
  return `${protocol}${address.length}`
}

/** The address without the bits behind the prefix. */
function keyOf(address: Address, prefix: number): string {
  const masked = Buffer.from(address)
  const whole = prefix >> 3
  if (whole < masked.length) {
    masked[whole] = (masked[whole] ?? 0) & (0xff00 >> (prefix & 7))
    masked.fill(0, whole + 1)
  }
  return masked.toString('latin1')
}
