// SPDX-License-Identifier: Apache-2.0
//
// Rules by name. `*.example.com` stands for every name below, however deep, and not for the name itself.
import { type Address, type Cidr, contains } from './address.ts'
import type { Destination, Protocol } from './destination.ts'

export interface CompiledDomainRule {
  readonly protocol: Protocol
  readonly domain: string
  /** Only where the address lies in here; null: any address of that name. */
  readonly within: Cidr | null
  readonly first: number
  readonly last: number
}

export class DomainIndex {
  readonly #rules = new Map<string, CompiledDomainRule[]>()

  constructor(rules: readonly CompiledDomainRule[]) {
    for (const rule of rules) {
      const same = this.#rules.get(rule.domain)
      if (same === undefined) this.#rules.set(rule.domain, [rule])
      else same.push(rule)
    }
  }

  /** Every rule for `name`, which is in small letters. */
  rulesFor(name: string): readonly CompiledDomainRule[] {
    const found = [...(this.#rules.get(name) ?? [])]
    for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) found.push(...(this.#rules.get(`*${name.slice(dot)}`) ?? []))
    return found
  }

  /** Whether a rule for one of the names that `destination` goes by is for that flow. */
  permits(destination: Destination, names: readonly string[]): boolean {
    return names.some((name) => this.rulesFor(name).some((rule) => matches(rule, destination)))
  }

  isFor(bytes: 4 | 16): boolean {
    return [...this.#rules.values()].flat().some(({ within }) => within === null || within.base.length === bytes)
  }

  get size(): number {
    return this.#rules.size
  }
}

/** Whether some of what `rule` is for lies outside all of `others`, which are for the same name. */
export function isLeft(rule: CompiledDomainRule, others: readonly CompiledDomainRule[]): boolean {
  return !others.some(
    (other) =>
      other.protocol === rule.protocol &&
      other.first <= rule.first &&
      rule.last <= other.last &&
      (other.within === null || inside(rule, other.within)),
  )
}

function inside({ within }: CompiledDomainRule, outer: Cidr): boolean {
  return within !== null && within.prefix >= outer.prefix && contains(outer, within.base)
}

function matches(rule: CompiledDomainRule, { protocol, address, port }: Destination): boolean {
  return rule.protocol === protocol && rule.first <= port && port <= rule.last && mayBe(rule, address)
}

/** Whether `rule` can be for that address. */
export function mayBe({ within }: CompiledDomainRule, address: Address): boolean {
  return within === null || contains(within, address)
}
