// SPDX-License-Identifier: Apache-2.0
//
// Stateless DHCPv6 (RFC 8415 6.1): a guest that makes its own address asks which resolvers there are, and gets nothing else.
import { type Address, equal, knownAddress } from './address.ts'
import { buildIpFrame, protocolNumber, udpBody } from './build-packet.ts'
import type { Lan } from './lan.ts'

export const DHCP6_SERVER_PORT = 547
export const ALL_DHCP6_SERVERS = knownAddress('ff02::1:2')
const DHCP6_CLIENT_PORT = 546
const option = { client: 1, server: 2, dns: 23 } as const
const message = { reply: 7, informationRequest: 11 } as const
const MAX_CLIENT_ID = 130

/** The frame that answers the message `payload` of `guest`; null where none is due: no address is leased. */
export function answerDhcp6(payload: Buffer, guest: Address, lan: Lan, dnsServers: readonly Address[]): Buffer | null | 'malformed' {
  const options = payload.length < 4 ? null : readOptions(payload.subarray(4))
  if (options === null) return 'malformed'
  if (payload.readUInt8(0) !== message.informationRequest) return null
  // An Ethernet address as identifier (RFC 8415 11.4).
  const self = Buffer.concat([Buffer.of(0, 3, 0, 1), lan.gatewayMac])
  const server = options.get(option.server)
  if (server !== undefined && !equal(server, self)) return null
  const client = options.get(option.client)
  if (client !== undefined && client.length > MAX_CLIENT_ID) return 'malformed'
  const reply = Buffer.concat([
    Buffer.of(message.reply),
    payload.subarray(1, 4),
    encode(option.server, self),
    ...(client === undefined ? [] : [encode(option.client, client)]),
    ...(dnsServers.length === 0 ? [] : [encode(option.dns, Buffer.concat(dnsServers))]),
  ])
  return buildIpFrame({
    from: lan.gatewayMac,
    to: lan.guestMac,
    source: lan.gateway6,
    destination: guest,
    protocol: protocolNumber.udp,
    body: udpBody(DHCP6_SERVER_PORT, DHCP6_CLIENT_PORT, reply),
    checksumAt: 6,
  })
}

/** Null where an option runs over the end. */
function readOptions(bytes: Buffer): ReadonlyMap<number, Buffer> | null {
  const options = new Map<number, Buffer>()
  for (let at = 0; at < bytes.length; ) {
    if (at + 4 > bytes.length) return null
    const end = at + 4 + bytes.readUInt16BE(at + 2)
    if (end > bytes.length) return null
    options.set(bytes.readUInt16BE(at), bytes.subarray(at + 4, end))
    at = end
  }
  return options
}

function encode(code: number, value: Uint8Array): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt16BE(code)
  head.writeUInt16BE(value.length, 2)
  return Buffer.concat([head, value])
}
