// SPDX-License-Identifier: Apache-2.0
//
// The decision over every frame between one guest and the uplink. It promises: nothing leaves that no rule lists, nothing enters that
// answers no flow of the guest, and the guest speaks only as itself. It does no input or output and reads no clock of its own.
import { contains, equal } from './address.ts'
import { answerArp } from './answer-arp.ts'
import { mayOwn, ROUTER_LIFETIME_SECONDS, routerAdvertisement } from './answer-ndp.ts'
import type { Destination } from './destination.ts'
import { type Flow, FlowTable, inwardKey, outwardKey } from './flow-table.ts'
import type { HostAddresses } from './host-addresses.ts'
import { judge, type Verdict } from './judge.ts'
import type { Lan } from './lan.ts'
import { type Lookup, type NameCounters, NameServer, type Question } from './name-server.ts'
import type { Names } from './name-table.ts'
import { answered, NOTHING, type Outcome, refuse, toGuest, toUplink } from './outcome.ts'
import { destinationOf, isEchoRequest, type Packet, parsePacket, sourceOf } from './parse-packet.ts'
import type { RefusalReason } from './refusal-log.ts'
import type { RuleSet } from './rules.ts'
import { resolvers6, serveDhcp, serveDhcp6, serveIcmp, serveSwitch } from './serve-link.ts'
import { refuseSegment, resetFlow, TcpState } from './tcp-state.ts'

const ETHERTYPE_ARP = 0x0806
const MAX_REFUSED_KEPT = 1024

export class Gate {
  readonly #lan: Lan
  readonly #now: () => number
  readonly #flows = new FlowTable()
  readonly #names: NameServer
  /** Flows that were refused under the rules of now, so that repeating them costs no search. */
  readonly #refused = new Map<string, Exclude<Verdict, 'allowed'>>()
  #served: ReadonlySet<number> = new Set()
  #rules: RuleSet
  #host: HostAddresses | null
  #opened = 0

  /** `host` null: not known, so nothing is allowed. `now`: milliseconds, never backwards. */
  constructor(lan: Lan, rules: RuleSet, host: HostAddresses | null, now: () => number) {
    this.#lan = lan
    this.#rules = rules
    this.#host = host
    this.#now = now
    this.#names = new NameServer(lan, now)
  }

  get flows(): number {
    return this.#flows.size
  }

  /** Flows that were let through so far. */
  get opened(): number {
    return this.#opened
  }

  get names(): NameCounters & { readonly open: number } {
    return { ...this.#names.counters, open: this.#names.table.open }
  }

  /** In force at once. Returns what ends the flows that are no longer allowed, for both sides, and what the guest is told of its link. */
  setRules(rules: RuleSet): readonly Outcome[] {
    const advertised = this.#rules.listsIpv6()
    this.#rules = rules
    const ended = this.#judgeAgain()
    if (rules.listsIpv6()) return [...ended, toGuest(routerAdvertisement(this.#lan, resolvers6(this.#lan, rules), ROUTER_LIFETIME_SECONDS))]
    return advertised ? [...ended, toGuest(routerAdvertisement(this.#lan, [], 0))] : ended
  }

  /** The ports at which the switch itself answers, over TCP; no rule is asked about them. */
  setServed(ports: ReadonlySet<number>): void {
    this.#served = ports
  }

  /** As `setRules`, for the addresses of the host. */
  setHost(host: HostAddresses | null): readonly Outcome[] {
    this.#host = host
    return this.#judgeAgain()
  }

  /** Forgets flows that have been silent for long. */
  expire(): void {
    this.#flows.expire(this.#now())
  }

  /** What was found for a question of `fromGuest`, once. */
  answerName(question: Question, lookup: Lookup): Outcome {
    const outcome = this.#names.answer(question, lookup, this.#rules, this.#host)
    // What was refused a moment ago may go by a name now.
    this.#refused.clear()
    return outcome
  }

  /** `frame` has at least an Ethernet header. */
  fromGuest(frame: Buffer): Outcome {
    if (!equal(frame.subarray(6, 12), this.#lan.guestMac)) return refuse('spoofed', null)
    if (frame.readUInt16BE(12) === ETHERTYPE_ARP) return answered(answerArp(frame, this.#lan), null)
    const packet = parsePacket(frame)
    if (typeof packet === 'string') return refuse(packet, null)
    // Before any look at the flows: a message of another kind could carry an echo's identifier.
    if (packet.protocol === 'icmp' && !isEchoRequest(packet)) return serveIcmp(packet, this.#lan, this.#rules)
    const key = outwardKey(packet)
    const flow = this.#flows.get(key)
    return flow === undefined ? this.#first(packet, key) : this.#pass(packet, flow)
  }

  /** `frame` is changed in place: it gets the Ethernet addresses of the guest's link. */
  fromUplink(frame: Buffer): Outcome {
    const packet = parsePacket(frame)
    // passt also asks for neighbours; the switch knows them.
    if (packet === 'ethertype') return NOTHING
    if (typeof packet === 'string') return refuse(packet, null)
    const isReply = packet.protocol !== 'icmp' || packet.icmpType === (packet.addressBytes === 4 ? 0 : 129)
    const flow = isReply ? this.#flows.get(inwardKey(packet)) : undefined
    if (flow === undefined) return refuse('unasked', null)
    flow.lastSeen = this.#now()
    flow.tcp?.seenFromRemote(packet)
    frame.set(this.#lan.guestMac, 0)
    frame.set(this.#lan.gatewayMac, 6)
    return toGuest(frame.subarray(0, packet.bodyEnd))
  }

  /** The first packet of a flow. */
  #first(packet: Packet, key: string): Outcome {
    const asked = serveDhcp(packet, this.#lan, this.#rules) ?? serveDhcp6(packet, this.#lan, this.#rules)
    if (asked !== null) return asked
    if (!this.#isOwnSource(packet)) return refuse('spoofed', packet)
    const served = serveSwitch(packet, this.#lan, this.#rules, this.#names, this.#host, this.#served)
    if (served !== null) return served
    const destination = { protocol: packet.protocol, address: Buffer.from(destinationOf(packet)), port: packet.destinationPort }
    if (packet.protocol === 'icmp') destination.port = 0
    const verdict = this.#verdict(key, destination)
    if (verdict !== 'allowed') return this.#refuseFlow(verdict, packet)
    // A link-local source never leaves the link (RFC 4291 2.5.6).
    if (packet.addressBytes === 16 && !contains(this.#lan.network6, sourceOf(packet))) return refuse('spoofed', packet)
    const tcp = packet.protocol === 'tcp' ? new TcpState() : null
    const names = this.#names.table.live(destination.address)
    const flow = { destination, guest: Buffer.from(sourceOf(packet)), guestPort: packet.sourcePort, names, tcp, lastSeen: this.#now() }
    if (!this.#flows.add(key, flow)) return this.#refuseFlow('too-many-flows', packet)
    this.#opened++
    return this.#pass(packet, flow)
  }

  #pass(packet: Packet, flow: Flow): Outcome {
    flow.lastSeen = this.#now()
    flow.tcp?.seenFromGuest(packet)
    return toUplink(packet.frame.subarray(0, packet.bodyEnd))
  }

  #verdict(key: string, destination: Destination): Verdict {
    const known = this.#refused.get(key)
    if (known !== undefined) return known
    const verdict = judge(destination, this.#rules, this.#host, this.#names.table)
    if (verdict !== 'allowed') {
      if (this.#refused.size >= MAX_REFUSED_KEPT) this.#refused.clear()
      this.#refused.set(key, verdict)
    }
    return verdict
  }

  #judgeAgain(): readonly Outcome[] {
    this.#refused.clear()
    const dropped = this.#flows.sweep((flow) => judge(flow.destination, this.#rules, this.#host, this.#namesOf(flow)) === 'allowed')
    return dropped.map((flow) => ({ ...resetFlow(flow, this.#lan), refusal: null }))
  }

  /** By what it went when it began, and goes now. */
  #namesOf({ destination, names }: Flow): Names {
    const { table } = this.#names
    const own = (address: Uint8Array) => (equal(address, destination.address) ? names : [])
    return { live: (address) => [...own(address), ...table.live(address)], known: (address) => [...own(address), ...table.known(address)] }
  }

  #isOwnSource(packet: Packet): boolean {
    return packet.addressBytes === 4 ? equal(sourceOf(packet), this.#lan.guest) : mayOwn(sourceOf(packet), this.#lan)
  }

  /** A TCP connection is told so, as by a closed port. */
  #refuseFlow(reason: RefusalReason, packet: Packet): Outcome {
    return refuse(reason, packet, packet.protocol === 'tcp' ? refuseSegment(packet, this.#lan) : null)
  }
}
