// SPDX-License-Identifier: Apache-2.0
//
// The guest's resolver, as far as it decides: which names are asked for at all, and which of the addresses that were found the guest is
// told. Only what it is told is open by a name. It asks nobody itself: whoever runs the gate looks names up.
import { parseAddress } from './address.ts'
import { buildIpFrame, protocolNumber, udpBody } from './build-packet.ts'
import { buildDnsAnswer, buildDnsError, type DnsQuery, type FoundAddress, fitting, parseDnsQuery, recordType, responseCode } from './dns-message.ts'
import type { HostAddresses } from './host-addresses.ts'
import { isTellable } from './judge.ts'
import type { Lan } from './lan.ts'
import { NameTable } from './name-table.ts'
import { type Outcome, refuse, toGuest } from './outcome.ts'
import { destinationOf, type Packet, sourceOf } from './parse-packet.ts'
import { opens, type RuleSet } from './rules.ts'
import { isSpecial } from './special-addresses.ts'

/** A name to look up for the guest. */
export interface Question {
  readonly name: string
  readonly family: 4 | 6
  readonly query: DnsQuery
  readonly packet: Packet
}

/** What whoever was asked has found: addresses as text, with their seconds to live. */
export type Lookup =
  | { readonly status: 'found'; readonly addresses: readonly { readonly address: string; readonly ttl: number }[] }
  /** No such name. */
  | { readonly status: 'missing' }
  | { readonly status: 'failed' }

export interface NameCounters {
  readonly asked: number
  readonly answered: number
  readonly refused: number
  readonly failed: number
  /** Addresses that were found for a name and not told, since they are the host's or outside what the rule leaves. */
  readonly withheld: number
}

export const DNS_PORT = 53
/** The host, where a rule is for it; `internal` is kept for private use (ICANN board resolution 2024.07.29.06). */
const HOST_NAME = 'host.internal'
const MAX_PENDING = 64
const MAX_TOLD = 16
const MIN_TTL = 10
const MAX_TTL = 3600
/** A guest may use an address for a moment longer than it was told. */
const GRACE_MS = 30_000

export class NameServer {
  readonly table: NameTable
  readonly #lan: Lan
  readonly #now: () => number
  readonly #counts = { asked: 0, answered: 0, refused: 0, failed: 0, withheld: 0 }
  #pending = 0

  constructor(lan: Lan, now: () => number) {
    this.#lan = lan
    this.#now = now
    this.table = new NameTable(now)
  }

  get counters(): NameCounters {
    return { ...this.#counts }
  }

  /** `packet` is a UDP datagram for port 53 of the switch. */
  serve(packet: Packet, rules: RuleSet, host: HostAddresses | null): Outcome {
    this.#counts.asked++
    const payload = packet.frame.subarray(packet.bodyAt + 8, packet.bodyEnd)
    const query = parseDnsQuery(payload)
    if (query === 'not-a-query') return this.#refuse(packet, 'malformed', null)
    if (query === 'malformed') return this.#refuse(packet, 'malformed', buildDnsError(payload, responseCode.format))
    if (query === 'unimplemented') return this.#refuse(packet, 'dns', buildDnsError(payload, responseCode.unimplemented))
    if (query.name === HOST_NAME && rules.listsHost) return this.#answer(packet, buildDnsAnswer(query, responseCode.none, hostFound(query, host)))
    if (rules.rulesForName(query.name).length === 0) return this.#refuseName(packet, query, rules)
    const family = query.type === recordType.a ? 4 : query.type === recordType.aaaa && rules.listsIpv6() ? 6 : null
    // Of an allowed name the guest learns addresses and nothing else.
    if (family === null) return this.#answer(packet, buildDnsAnswer(query, responseCode.none))
    if (this.#pending >= MAX_PENDING) {
      this.#counts.failed++
      return refuse('too-many-names', packet, this.#frame(packet, buildDnsAnswer(query, responseCode.failed)))
    }
    this.#pending++
    return { toGuest: null, toUplink: null, refusal: null, question: { name: query.name, family, query, packet: copyOf(packet) } }
  }

  /** Once for each question, under the rules and addresses of then. */
  answer({ name, query, packet }: Question, lookup: Lookup, rules: RuleSet, host: HostAddresses | null): Outcome {
    this.#pending--
    const left = rules.rulesForName(name)
    if (left.length === 0) return this.#refuseName(packet, query, rules)
    if (lookup.status === 'failed') {
      this.#counts.failed++
      return toGuest(this.#frame(packet, buildDnsAnswer(query, responseCode.failed)))
    }
    if (lookup.status === 'missing') return this.#answer(packet, buildDnsAnswer(query, responseCode.missing))
    const found = readFound(lookup.addresses, query.type === recordType.a ? 4 : 16)
    const tellable = found.filter(({ address }) => isTellable(address, host) && opens(left, address))
    this.#counts.withheld += lookup.addresses.length - tellable.length
    if (found.length > 0 && tellable.length === 0) return this.#refuseName(packet, query, rules, 'withheld-address')
    const told = fitting(query, tellable.slice(0, MAX_TOLD))
    const rule = left[0]?.domain ?? name
    for (const { address, ttl } of told) this.table.tell(address, name, rule, this.#now() + ttl * 1000 + GRACE_MS)
    return this.#answer(packet, buildDnsAnswer(query, responseCode.none, told))
  }

  #answer(packet: Packet, message: Buffer): Outcome {
    this.#counts.answered++
    return toGuest(this.#frame(packet, message))
  }

  #refuseName(packet: Packet, query: DnsQuery, rules: RuleSet, why?: 'withheld-address'): Outcome {
    const reason = why ?? (rules.deniesName(query.name) ? 'denied' : 'dns')
    const { refusal, ...outcome } = this.#refuse(packet, reason, buildDnsAnswer(query, responseCode.refused))
    return { ...outcome, refusal: refusal === null ? null : { ...refusal, domain: domainOf(query.name) } }
  }

  #refuse(packet: Packet, reason: 'malformed' | 'dns' | 'denied' | 'withheld-address', message: Buffer | null): Outcome {
    this.#counts.refused++
    return refuse(reason, packet, message === null ? null : this.#frame(packet, message))
  }

  #frame(packet: Packet, message: Buffer): Buffer {
    const ends = { from: this.#lan.gatewayMac, to: this.#lan.guestMac, source: destinationOf(packet), destination: sourceOf(packet) }
    return buildIpFrame({ ...ends, protocol: protocolNumber.udp, body: udpBody(DNS_PORT, packet.sourcePort, message), checksumAt: 6 })
  }
}

/** Those that it answers at and no link has for itself. */
function hostFound({ type }: DnsQuery, host: HostAddresses | null): readonly FoundAddress[] {
  const bytes = type === recordType.a ? 4 : type === recordType.aaaa ? 16 : 0
  const own = (host?.own ?? []).filter((address) => address.length === bytes && !isSpecial(address))
  return own.slice(0, MAX_TOLD).map((address) => ({ address, ttl: MIN_TTL }))
}

/** The frame is a view on bytes that are used again. */
function copyOf(packet: Packet): Packet {
  return { ...packet, frame: Buffer.from(packet.frame) }
}

function readFound(addresses: readonly { readonly address: string; readonly ttl: number }[], bytes: 4 | 16): readonly FoundAddress[] {
  return addresses.flatMap(({ address, ttl }) => {
    const parsed = parseAddress(address)
    if (parsed === null || parsed.length !== bytes) return []
    return [{ address: parsed, ttl: Math.min(Math.max(Number.isFinite(ttl) ? Math.floor(ttl) : 0, MIN_TTL), MAX_TTL) }]
  })
}

const MAX_DOMAIN = 100

/** The last three labels: enough to write a rule by, and not what a guest may have hidden in a long name. */
function domainOf(name: string): string {
  return name.split('.').slice(-3).join('.').slice(-MAX_DOMAIN)
}
