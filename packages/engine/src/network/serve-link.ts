// SPDX-License-Identifier: Apache-2.0
//
// What the switch itself answers on the guest's link: neighbour discovery, DHCP and DNS. Nothing of it leaves.
import { type Address, equal, knownAddress } from './address.ts'
import { answerDhcp, DHCP_SERVER_PORT } from './answer-dhcp.ts'
import { ALL_DHCP6_SERVERS, answerDhcp6, DHCP6_SERVER_PORT } from './answer-dhcp6.ts'
import { answerNdp, mayOwn, ndp } from './answer-ndp.ts'
import type { HostAddresses } from './host-addresses.ts'
import type { Lan } from './lan.ts'
import { DNS_PORT, type NameServer } from './name-server.ts'
import { answered, NOTHING, type Outcome, refuse } from './outcome.ts'
import { destinationOf, type Packet, sourceOf } from './parse-packet.ts'
import type { RuleSet } from './rules.ts'
import { refuseSegment } from './tcp-state.ts'

const ANY4 = knownAddress('0.0.0.0')
const BROADCAST4 = knownAddress('255.255.255.255')

/** ICMP that is no echo request: neighbour discovery, or refused. */
export function serveIcmp(packet: Packet, lan: Lan, rules: RuleSet): Outcome {
  const discovers = packet.addressBytes === 16 && packet.icmpType >= ndp.routerSolicitation && packet.icmpType <= ndp.redirect
  return discovers ? answered(answerNdp(packet, lan, resolvers6(lan, rules), rules.listsIpv6()), packet) : refuse('protocol', packet)
}

/** Null where `packet` is no DHCP message; one may come before the guest has its address. */
export function serveDhcp(packet: Packet, lan: Lan, rules: RuleSet): Outcome | null {
  if (packet.protocol !== 'udp' || packet.addressBytes !== 4 || packet.destinationPort !== DHCP_SERVER_PORT) return null
  const [source, destination] = [sourceOf(packet), destinationOf(packet)]
  const asked = equal(destination, BROADCAST4) || equal(destination, lan.gateway)
  if (!asked || !(equal(source, ANY4) || equal(source, lan.guest))) return null
  return answered(answerDhcp(udpPayload(packet), lan, resolvers(lan, rules)), packet)
}

/** As `serveDhcp`, for DHCPv6. */
export function serveDhcp6(packet: Packet, lan: Lan, rules: RuleSet): Outcome | null {
  if (packet.protocol !== 'udp' || packet.addressBytes !== 16 || packet.destinationPort !== DHCP6_SERVER_PORT) return null
  const source = sourceOf(packet)
  if (!equal(destinationOf(packet), ALL_DHCP6_SERVERS) || !mayOwn(source, lan)) return null
  return rules.listsIpv6() ? answered(answerDhcp6(udpPayload(packet), source, lan, resolvers6(lan, rules)), packet) : NOTHING
}

/**
 * Null where `packet` is not for the switch itself.
 * @param served the ports of the gateway's address at which something answers, over IPv4
 */
export function serveSwitch(
  packet: Packet,
  lan: Lan,
  rules: RuleSet,
  names: NameServer,
  host: HostAddresses | null,
  served: ReadonlySet<number>,
): Outcome | null {
  const destination = destinationOf(packet)
  if (![lan.gateway, lan.resolver, lan.gateway6].some((own) => equal(own, destination))) return null
  if (packet.protocol === 'tcp') {
    if (served.has(packet.destinationPort) && equal(destination, lan.gateway)) return { ...NOTHING, segment: packet }
    return refuse('switch-address', packet, refuseSegment(packet, lan))
  }
  if (packet.protocol !== 'udp' || packet.destinationPort !== DNS_PORT) return refuse('switch-address', packet)
  return names.serve(packet, rules, host)
}

/** The switch itself where it resolves anything; a guest asks the others for what the first refuses. */
function resolvers(lan: Lan, rules: RuleSet): readonly Address[] {
  const listed = rules.dnsServers(4)
  return listed.length > 0 && !rules.listsNames && !rules.listsHost ? listed : [lan.gateway, ...listed]
}

/** As an IPv4 guest has them; without rules by name the switch refuses over IPv4 alone. */
export function resolvers6(lan: Lan, rules: RuleSet): readonly Address[] {
  return [...(rules.listsNames || rules.listsHost ? [lan.gateway6] : []), ...rules.dnsServers(16)]
}

function udpPayload(packet: Packet): Buffer {
  return packet.frame.subarray(packet.bodyAt + 8, packet.bodyEnd)
}
