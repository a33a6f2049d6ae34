// SPDX-License-Identifier: Apache-2.0
//
// The decision over every frame between guests that share a link and nothing else: no host is on it and nothing leads out. Each station
// speaks only as itself, over IPv4, and hears what is meant for it. It does no input or output.
import { contains, equal, knownAddress, knownCidr } from './address.ts'
import { answerDhcp, DHCP_SERVER_PORT } from './answer-dhcp.ts'
import { GATEWAY_MAC, knownMac, type Lan, lanFor } from './lan.ts'
import { destinationOf, type Packet, parsePacket, sourceOf } from './parse-packet.ts'
import type { RefusalReason } from './refusal-log.ts'

export const MAX_STATIONS = 16
const ETHERTYPE_ARP = 0x0806
const ARP_BYTES = 42
const NETWORK = knownCidr('10.0.3.0/24')
const [ANY4, BROADCAST4, NETWORK_BROADCAST] = ['0.0.0.0', '255.255.255.255', '10.0.3.255'].map(knownAddress)
const BROADCAST_MAC = Buffer.alloc(6, 0xff)
/** Echo, and what tells a sender that it cannot be served (RFC 792): no redirects, no router. */
const icmpTypes: ReadonlySet<number> = new Set([0, 3, 8, 11])

export interface LanOutcome {
  /** What each of these stations gets. */
  readonly to: readonly number[]
  readonly frame: Buffer
  readonly reason: RefusalReason | null
}

export class LanGate {
  readonly #stations: readonly Lan[]

  /** `macs`: one for each station. @throws RangeError for what is no Ethernet address, is there twice or is one too many. */
  constructor(macs: readonly string[]) {
    const known = macs.map((mac) => Buffer.from(knownMac(mac)).toString('hex'))
    if (known.length > MAX_STATIONS || new Set(known).size !== known.length || known.includes(Buffer.from(GATEWAY_MAC).toString('hex'))) {
      throw new RangeError(`\`${macs.join(', ')}\`: expected at most ${MAX_STATIONS} Ethernet addresses, each once and none that of the switch`)
    }
    const shared = { gateway: knownAddress('10.0.3.1'), routed: false, network6: knownCidr('::/128') }
    this.#stations = macs.map((mac, index) => ({ ...lanFor(mac), ...shared, guest: knownAddress(`10.0.3.${10 + index}`) }))
  }

  /** `frame` of the station has at least an Ethernet header. */
  from(station: number, frame: Buffer): LanOutcome {
    const own = this.#stations[station]
    if (own === undefined || !equal(frame.subarray(6, 12), own.guestMac)) return refused(frame, 'spoofed')
    if (frame.readUInt16BE(12) === ETHERTYPE_ARP) return this.#arp(station, own, frame)
    const packet = parsePacket(frame)
    if (typeof packet === 'string') return refused(frame, packet)
    if (packet.addressBytes !== 4) return refused(frame, 'ethertype')
    return this.#ip(station, own, packet)
  }

  #arp(station: number, own: Lan, frame: Buffer): LanOutcome {
    if (frame.length < ARP_BYTES || frame.readUInt32BE(14) !== 0x0001_0800 || frame.readUInt16BE(18) !== 0x0604) return refused(frame, 'malformed')
    const sender = frame.subarray(28, 32)
    const probing = frame.readUInt16BE(20) === 1 && is(sender, ANY4)
    if (!equal(frame.subarray(22, 28), own.guestMac) || !(probing || equal(sender, own.guest))) return refused(frame, 'spoofed')
    return this.#deliver(station, frame.subarray(0, ARP_BYTES), null)
  }

  #ip(station: number, own: Lan, packet: Packet): LanOutcome {
    const [source, destination] = [sourceOf(packet), destinationOf(packet)]
    const frame = packet.frame.subarray(0, packet.bodyEnd)
    if (packet.protocol === 'udp' && packet.destinationPort === DHCP_SERVER_PORT && (is(source, ANY4) || equal(source, own.guest))) {
      const answer = answerDhcp(packet.frame.subarray(packet.bodyAt + 8, packet.bodyEnd), own, [])
      if (typeof answer === 'string') return refused(frame, answer)
      return { to: answer === null ? [] : [station], frame: answer ?? frame, reason: null }
    }
    if (!equal(source, own.guest)) return refused(frame, 'spoofed')
    if (packet.protocol === 'icmp' && !icmpTypes.has(packet.icmpType)) return refused(frame, 'protocol')
    if (is(destination, BROADCAST4) || is(destination, NETWORK_BROADCAST)) return this.#deliver(station, frame, null)
    return contains(NETWORK, destination) ? this.#deliver(station, frame, destination) : refused(frame, 'unlisted')
  }

  /** To whom it is addressed; `destination` null: whoever that is, otherwise the one with that address. */
  #deliver(station: number, frame: Buffer, destination: Uint8Array | null): LanOutcome {
    const mac = frame.subarray(0, 6)
    const everybody = equal(mac, BROADCAST_MAC) && destination === null
    const to = this.#stations.flatMap(({ guestMac, guest }, index) => {
      const meant = everybody || (equal(mac, guestMac) && (destination === null || equal(destination, guest)))
      return meant && index !== station ? [index] : []
    })
    return to.length > 0 || everybody ? { to, frame, reason: null } : refused(frame, 'unlisted')
  }
}

function is(address: Uint8Array, known: Uint8Array | undefined): boolean {
  return known !== undefined && equal(address, known)
}

function refused(frame: Buffer, reason: RefusalReason): LanOutcome {
  return { to: [], frame, reason }
}
