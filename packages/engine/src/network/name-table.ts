// SPDX-License-Identifier: Apache-2.0
//
// Which names the guest was told which address for. An address is open by its name until its time is over, and known by it for longer, so
// that waiting does not undo a denial. What is kept is bounded for each rule and altogether; the oldest goes first.
import type { Address } from './address.ts'

export const MAX_ADDRESSES_OF_RULE = 256
export const MAX_ADDRESSES = 4096

export interface Names {
  /** Names by which the address is open now. */
  live(address: Address): readonly string[]
  /** These and those whose time is over. */
  known(address: Address): readonly string[]
}

export const NO_NAMES: Names = { live: () => [], known: () => [] }

interface Told {
  readonly address: string
  readonly name: string
  readonly rule: string
  readonly until: number
}

export class NameTable implements Names {
  readonly #now: () => number
  readonly #byAddress = new Map<string, Map<string, Told>>()
  /** In the order of their telling, for each rule. */
  readonly #byRule = new Map<string, Set<Told>>()
  #size = 0

  /** @param now milliseconds, never backwards */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Addresses that are open by a name. */
  get open(): number {
    return [...this.#byAddress.values()].filter((names) => [...names.values()].some(({ until }) => until > this.#now())).length
  }

  live(address: Address): readonly string[] {
    const now = this.#now()
    return this.#told(address).flatMap(({ name, until }) => (until > now ? [name] : []))
  }

  known(address: Address): readonly string[] {
    return this.#told(address).map(({ name }) => name)
  }

  /** @param rule the domain of the rule by which the name is open */
  tell(address: Address, name: string, rule: string, until: number): void {
    const key = keyOf(address)
    const before = this.#byAddress.get(key)?.get(name)
    if (before !== undefined) this.#forget(before)
    const told = { address: key, name, rule, until: Math.max(until, before?.until ?? 0) }
    const ofRule = this.#byRule.get(rule) ?? new Set()
    this.#byRule.set(rule, ofRule)
    ofRule.add(told)
    const ofAddress = this.#byAddress.get(key) ?? new Map<string, Told>()
    this.#byAddress.set(key, ofAddress)
    ofAddress.set(name, told)
    this.#size++
    if (ofRule.size > MAX_ADDRESSES_OF_RULE) this.#forgetFirst(ofRule)
    else if (this.#size > MAX_ADDRESSES) this.#forgetFirst(this.#largest())
  }

  #told(address: Address): readonly Told[] {
    const found = this.#byAddress.get(keyOf(address))
    return found === undefined ? [] : [...found.values()]
  }

  #largest(): Set<Told> {
    return [...this.#byRule.values()].reduce((most, rule) => (rule.size > most.size ? rule : most), new Set<Told>())
  }

  #forgetFirst(rule: Set<Told>): void {
    const [first] = rule
    if (first !== undefined) this.#forget(first)
  }

  #forget(told: Told): void {
    const ofRule = this.#byRule.get(told.rule)
    ofRule?.delete(told)
    if (ofRule?.size === 0) this.#byRule.delete(told.rule)
    const ofAddress = this.#byAddress.get(told.address)
    ofAddress?.delete(told.name)
    if (ofAddress?.size === 0) this.#byAddress.delete(told.address)
    this.#size--
  }
}

function keyOf(address: Address): string {
  return Buffer.from(address).toString('latin1')
}
