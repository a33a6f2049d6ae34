// SPDX-License-Identifier: Apache-2.0
//
// What the switch itself answers on the guest's link: neighbour discovery, DHCP, and DNS with a refusal. Nothing of it leaves.
import { type Address, equal, knownAddress } from './address.ts'
import { answerDhcp, DHCP_SERVER_PORT } from './answer-dhcp.ts'
import { refuseDns } from './answer-dns.ts'
import { answerNdp, ndp } from './answer-ndp.ts'
import { buildIpFrame, protocolNumber, udpBody } from './build-packet.ts'
import type { Lan } from './lan.ts'
import { answered, type Outcome, refuse } from './outcome.ts'
import { destinationOf, type Packet, sourceOf } from './parse-packet.ts'
import type { RuleSet } from './rules.ts'
import { refuseSegment } from './tcp-state.ts'

const DNS_PORT = 53
const ANY4 = knownAddress('0.0.0.0')
const BROADCAST4 = knownAddress('255.255.255.255')

/** ICMP that is no echo request: neighbour discovery, or refused. */
export function serveIcmp(packet: Packet, lan: Lan, rules: RuleSet): Outcome {
  const discovers = packet.addressBytes === 16 && packet.icmpType >= ndp.routerSolicitation && packet.icmpType <= ndp.redirect
  return discovers ? answered(answerNdp(packet, lan, rules.dnsServers(16), rules.listsIpv6()), packet) : refuse('protocol', packet)
}

/** Null where `packet` is no DHCP message; one may come before the guest has its address. */
export function serveDhcp(packet: Packet, lan: Lan, rules: RuleSet): Outcome | null {
  if (packet.protocol !== 'udp' || packet.addressBytes !== 4 || packet.destinationPort !== DHCP_SERVER_PORT) return null
  const [source, destination] = [sourceOf(packet), destinationOf(packet)]
  const asked = equal(destination, BROADCAST4) || equal(destination, lan.gateway)
  if (!asked || !(equal(source, ANY4) || equal(source, lan.guest))) return null
  return answered(answerDhcp(udpPayload(packet), lan, resolvers(lan, rules)), packet)
}

/** Null where `packet` is not for the switch itself. */
export function serveSwitch(packet: Packet, lan: Lan): Outcome | null {
  const destination = destinationOf(packet)
  if (![lan.gateway, lan.resolver, lan.gateway6].some((own) => equal(own, destination))) return null
  if (packet.protocol === 'tcp') return refuse('switch-address', packet, refuseSegment(packet, lan))
  if (packet.protocol !== 'udp' || packet.destinationPort !== DNS_PORT) return refuse('switch-address', packet)
  const answer = refuseDns(udpPayload(packet))
  if (answer === 'malformed') return refuse('malformed', packet)
  const ends = { from: lan.gatewayMac, to: lan.guestMac, source: destination, destination: sourceOf(packet) }
  const body = udpBody(DNS_PORT, packet.sourcePort, answer)
  return refuse('dns', packet, buildIpFrame({ ...ends, protocol: protocolNumber.udp, body, checksumAt: 6 }))
}

function resolvers(lan: Lan, rules: RuleSet): readonly Address[] {
  const listed = rules.dnsServers(4)
  return listed.length > 0 ? listed : [lan.resolver]
}

function udpPayload(packet: Packet): Buffer {
  return packet.frame.subarray(packet.bodyAt + 8, packet.bodyEnd)
}
