// SPDX-License-Identifier: Apache-2.0
//
// The decision over every frame between a guest and its neighbours on an isolated network: no host is on it and nothing leads out. The
// guest speaks only as itself, over IPv4, and hears what is meant for it. What a neighbour's own gate has let through is looked at again
// here, since it comes from another process. It does no input or output.
import { createHash } from 'node:crypto'
import { type Address, contains, equal, formatAddress, knownAddress, knownCidr } from './address.ts'
import { answerDhcp, DHCP_SERVER_PORT } from './answer-dhcp.ts'
import { GATEWAY_MAC, knownMac, type Lan, lanFor } from './lan.ts'
import { refuse } from './outcome.ts'
import { destinationOf, type Packet, parsePacket, sourceOf } from './parse-packet.ts'
import type { Refusal, RefusalReason } from './refusal-log.ts'

export const MAX_STATIONS = 16
const ETHERTYPE_ARP = 0x0806
const ARP_BYTES = 42
const NETWORK = knownCidr('10.64.0.0/10')
const HOST_BITS = 22
/** At either end of the network: its own addresses and the switch's are among them. */
const SPARED = 1024
const [ANY4, BROADCAST4, NETWORK_BROADCAST] = ['0.0.0.0', '255.255.255.255', '10.127.255.255'].map(knownAddress)
const BROADCAST_MAC = Buffer.alloc(6, 0xff)
/** Echo, and what tells a sender that it cannot be served (RFC 792): no redirects, no router. */
const icmpTypes: ReadonlySet<number> = new Set([0, 3, 8, 11])

/** Drawn from the Ethernet address, so that a guest that comes back from a saved state still has it. */
function addressFor(mac: Uint8Array): Address {
  const drawn = createHash('sha256').update('casemate-lan-address-v1|').update(mac).digest().readUInt32BE(0)
  const host = SPARED + (drawn % (2 ** HOST_BITS - 2 * SPARED))
  const address = Buffer.from(NETWORK.base)
  address.writeUInt32BE((address.readUInt32BE(0) + host) >>> 0)
  return address
}

interface Station {
  readonly mac: Uint8Array
  readonly address: Address
}

export interface LanOutcome {
  /** The Ethernet addresses, as text, of those that get `frame`. */
  readonly to: readonly string[]
  /** What the guest itself gets: the answer of the switch. */
  readonly toGuest: Buffer | null
  readonly frame: Buffer
  readonly refusal: Refusal | null
}

export class LanGate {
  readonly #own: Station
  readonly #lan: Lan
  readonly #neighbours = new Map<string, Station>()

  /** @throws RangeError for what is no Ethernet address of a guest */
  constructor(mac: string) {
    this.#own = stationOf(mac)
    const shared = { gateway: knownAddress('10.64.0.1'), prefix: NETWORK.prefix, routed: false, network6: knownCidr('::/128') }
    this.#lan = { ...lanFor(mac), ...shared, guest: this.#own.address }
  }

  get address(): string {
    return formatAddress(this.#own.address)
  }

  /** Their addresses. */
  get neighbours(): readonly string[] {
    return [...this.#neighbours.values()].map(({ address }) => formatAddress(address))
  }

  /** Why one with that Ethernet address cannot be on this network; null: it is on it now. */
  join(mac: string): string | null {
    const station = stationOf(mac)
    const others = [this.#own, ...this.#neighbours.values()]
    if (others.some((other) => equal(other.mac, station.mac))) return 'its Ethernet address is taken'
    if (others.some((other) => equal(other.address, station.address))) return 'its address is taken'
    if (others.length >= MAX_STATIONS) return `there are ${MAX_STATIONS} already`
    this.#neighbours.set(mac, station)
    return null
  }

  leave(mac: string): void {
    this.#neighbours.delete(mac)
  }

  /** `frame` of the guest has at least an Ethernet header. */
  fromGuest(frame: Buffer): LanOutcome {
    const said = this.#heard(this.#own, frame)
    if (said.reason !== null) return refused(said.reason, said.packet)
    if (said.packet !== null && isDhcp(said.packet)) return this.#lease(said.packet)
    const to = this.#meantFor([...this.#neighbours.entries()], said.frame, said.destination)
    return to === null ? refused('unlisted', said.packet) : { to, toGuest: null, frame: said.frame, refusal: null }
  }

  /** What the guest gets of a neighbour's frame, null where it is not meant for it, or why it is refused. */
  fromNeighbour(mac: string, frame: Buffer): Buffer | null | RefusalReason {
    const station = this.#neighbours.get(mac)
    if (station === undefined) return 'spoofed'
    const said = this.#heard(station, frame)
    if (said.reason !== null) return said.reason
    // A question for an address is the switch's to answer, at the port of whoever asks.
    if (said.packet !== null && isDhcp(said.packet)) return 'unlisted'
    const to = this.#meantFor([['', this.#own]], said.frame, said.destination)
    return to === null ? 'unlisted' : said.frame
  }

  /** What `station` says, cut to its length, if it may say that; `destination` null: nobody by an address. */
  #heard({ mac, address }: Station, frame: Buffer) {
    const nothing = { packet: null, destination: null, frame }
    if (!equal(frame.subarray(6, 12), mac)) return { ...nothing, reason: 'spoofed' as const }
    if (frame.readUInt16BE(12) === ETHERTYPE_ARP) return { ...nothing, frame: frame.subarray(0, ARP_BYTES), reason: arpFault(frame, mac, address) }
    const packet = parsePacket(frame)
    if (typeof packet === 'string') return { ...nothing, reason: packet }
    if (packet.addressBytes !== 4) return { ...nothing, packet, reason: 'ethertype' as const }
    const [source, destination] = [sourceOf(packet), destinationOf(packet)]
    const everybody = is(destination, BROADCAST4) || is(destination, NETWORK_BROADCAST)
    const heard = { packet, destination: everybody ? null : destination, frame: frame.subarray(0, packet.bodyEnd) }
    if (!equal(source, address) && !(isDhcp(packet) && is(source, ANY4))) return { ...heard, reason: 'spoofed' as const }
    if (packet.protocol === 'icmp' && !icmpTypes.has(packet.icmpType)) return { ...heard, reason: 'protocol' as const }
    return { ...heard, reason: everybody || contains(NETWORK, destination) ? null : ('unlisted' as const) }
  }

  /** Which of `stations` are meant; null: it is meant for none that could be there. */
  #meantFor(stations: readonly (readonly [string, Station])[], frame: Buffer, destination: Uint8Array | null): readonly string[] | null {
    const mac = frame.subarray(0, 6)
    if (equal(mac, BROADCAST_MAC)) return destination === null ? stations.map(([name]) => name) : null
    const meant = stations.find((entry) => equal(entry[1].mac, mac) && (destination === null || equal(entry[1].address, destination)))
    return meant === undefined ? null : [meant[0]]
  }

  #lease(packet: Packet): LanOutcome {
    const answer = answerDhcp(packet.frame.subarray(packet.bodyAt + 8, packet.bodyEnd), this.#lan, [])
    if (typeof answer === 'string') return refused(answer, packet)
    return { to: [], toGuest: answer, frame: packet.frame, refusal: null }
  }
}

/** @throws RangeError */
function stationOf(text: string): Station {
  const mac = knownMac(text)
  if (equal(mac, GATEWAY_MAC)) throw new RangeError(`\`${text}\` is the address of the switch`)
  return { mac, address: addressFor(mac) }
}

function arpFault(frame: Buffer, mac: Uint8Array, address: Address): 'malformed' | 'spoofed' | null {
  if (frame.length < ARP_BYTES || frame.readUInt32BE(14) !== 0x0001_0800 || frame.readUInt16BE(18) !== 0x0604) return 'malformed'
  const sender = frame.subarray(28, 32)
  const probing = frame.readUInt16BE(20) === 1 && is(sender, ANY4)
  return equal(frame.subarray(22, 28), mac) && (probing || equal(sender, address)) ? null : 'spoofed'
}

const isDhcp = ({ protocol, destinationPort }: Packet): boolean => protocol === 'udp' && destinationPort === DHCP_SERVER_PORT

function is(address: Uint8Array, known: Uint8Array | undefined): boolean {
  return known !== undefined && equal(address, known)
}

function refused(reason: RefusalReason, packet: Packet | null): LanOutcome {
  return { to: [], toGuest: null, frame: Buffer.alloc(0), refusal: refuse(reason, packet).refusal }
}
