// SPDX-License-Identifier: Apache-2.0
//
// The gateway's half of IPv6 neighbour discovery (RFC 4861): it answers for every address but the guest's own, and advertises the
// link's network while the rules list anything over IPv6.
import { type Address, contains, equal, knownAddress } from './address.ts'
import { buildIpFrame, type Mac, protocolNumber } from './build-packet.ts'
import type { Lan } from './lan.ts'
import { type Packet, sourceOf } from './parse-packet.ts'

export const ndp = {
  routerSolicitation: 133,
  routerAdvertisement: 134,
  neighbourSolicitation: 135,
  neighbourAdvertisement: 136,
  redirect: 137,
} as const
const UNSPECIFIED = knownAddress('::')
const ALL_NODES = knownAddress('ff02::1')
const ALL_NODES_MAC: Mac = Uint8Array.of(0x33, 0x33, 0, 0, 0, 1)
export const ROUTER_LIFETIME_SECONDS = 1800
const PREFIX_LIFETIME_SECONDS = 86_400

/** The frame that answers, null where none is due, `spoofed` where the guest speaks as a router or as somebody else. */
export function answerNdp(packet: Packet, lan: Lan, dnsServers: readonly Address[], advertise: boolean): Buffer | null | 'malformed' | 'spoofed' {
  const body = packet.frame.subarray(packet.bodyAt, packet.bodyEnd)
  // RFC 4861 6.1.1 and 7.1.1: from this link, code 0.
  if (packet.hopLimit !== 255 || body.readUInt8(1) !== 0) return 'malformed'
  switch (packet.icmpType) {
    case ndp.routerSolicitation:
      return advertise ? routerAdvertisement(lan, dnsServers, ROUTER_LIFETIME_SECONDS) : null
    case ndp.neighbourSolicitation:
      return answerSolicitation(packet, body, lan)
    case ndp.neighbourAdvertisement:
      return body.length >= 24 && mayOwn(body.subarray(8, 24), lan) ? null : 'spoofed'
    default:
      return 'spoofed'
  }
}

/** An address that the guest may give itself: of this link, and not the gateway's. */
export function mayOwn(address: Address, lan: Lan): boolean {
  const linkLocal = address[0] === 0xfe && ((address[1] ?? 0) & 0xc0) === 0x80
  return (linkLocal || contains(lan.network6, address)) && !equal(address, lan.gateway6)
}

function answerSolicitation(packet: Packet, body: Buffer, lan: Lan): Buffer | null | 'malformed' {
  if (body.length < 24) return 'malformed'
  const target = body.subarray(8, 24)
  // "Does anybody have this?" before the guest takes it: only the gateway's own address is taken.
  if (equal(sourceOf(packet), UNSPECIFIED)) return equal(target, lan.gateway6) ? neighbourAdvertisement(lan, target, ALL_NODES, ALL_NODES_MAC) : null
  if (mayOwn(target, lan)) return null
  return neighbourAdvertisement(lan, target, sourceOf(packet), lan.guestMac)
}

function neighbourAdvertisement(lan: Lan, target: Address, to: Address, mac: Mac): Buffer {
  const solicited = equal(to, ALL_NODES) ? 0 : 0x40
  // Router, solicited, override; then the gateway's Ethernet address as option 2.
  const body = Buffer.concat([Buffer.of(ndp.neighbourAdvertisement, 0, 0, 0, 0xa0 | solicited, 0, 0, 0), target, Buffer.of(2, 1), lan.gatewayMac])
  return icmpv6(lan, lan.gateway6, to, mac, body)
}

/** To every node. `routerLifetime` 0: the router is none any more (RFC 4861 6.2.5). */
export function routerAdvertisement(lan: Lan, dnsServers: readonly Address[], routerLifetime: number): Buffer {
  const head = Buffer.alloc(16)
  head[0] = ndp.routerAdvertisement
  head[4] = 64
  // More is to be had by DHCPv6.
  head[5] = 0x40
  head.writeUInt16BE(routerLifetime, 6)
  const prefix = Buffer.alloc(32)
  // Prefix information: addresses may be made from it (A), but it is not on the link (no L), so that everything goes to the gateway.
  prefix.set([3, 4, lan.network6.prefix, 0x40])
  prefix.writeUInt32BE(routerLifetime === 0 ? 0 : PREFIX_LIFETIME_SECONDS, 4)
  prefix.writeUInt32BE(routerLifetime === 0 ? 0 : PREFIX_LIFETIME_SECONDS, 8)
  prefix.set(lan.network6.base, 16)
  const parts: Uint8Array[] = [head, Buffer.of(1, 1), lan.gatewayMac, prefix]
  if (dnsServers.length > 0) parts.push(recursiveDns(dnsServers))
  return icmpv6(lan, lan.gateway6, ALL_NODES, ALL_NODES_MAC, Buffer.concat(parts))
}

/** RFC 8106. */
function recursiveDns(servers: readonly Address[]): Buffer {
  const head = Buffer.alloc(8)
  head.set([25, 1 + 2 * servers.length])
  head.writeUInt32BE(ROUTER_LIFETIME_SECONDS, 4)
  return Buffer.concat([head, ...servers])
}

function icmpv6(lan: Lan, source: Address, destination: Address, to: Mac, body: Uint8Array): Buffer {
  return buildIpFrame({ from: lan.gatewayMac, to, source, destination, protocol: protocolNumber.icmpv6, body, checksumAt: 2, hopLimit: 255 })
}
