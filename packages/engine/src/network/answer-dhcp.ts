// SPDX-License-Identifier: Apache-2.0
//
// A DHCP server for one client (RFC 2131, 2132): it hands out the one address of the link, to the one Ethernet address.
import { type Address, equal } from './address.ts'
import { buildIpFrame, protocolNumber, udpBody } from './build-packet.ts'
import type { Lan } from './lan.ts'

export const DHCP_SERVER_PORT = 67
const DHCP_CLIENT_PORT = 68
const HEADER_BYTES = 240
const MIN_MESSAGE = 300
const MAGIC = 0x6382_5363
const LEASE_SECONDS = 86_400
const option = { mask: 1, router: 3, dns: 6, requestedAddress: 50, lease: 51, messageType: 53, server: 54, end: 255 } as const
const message = { discover: 1, offer: 2, request: 3, decline: 4, ack: 5, nak: 6, release: 7, inform: 8 } as const

/** The frame that answers the DHCP message `payload` (UDP payload), null where none is due, `spoofed` where it asks for another client. */
export function answerDhcp(payload: Buffer, lan: Lan, dnsServers: readonly Address[]): Buffer | null | 'malformed' | 'spoofed' {
  if (payload.length < HEADER_BYTES || payload.readUInt32BE(236) !== MAGIC || payload.readUInt8(0) !== 1) return 'malformed'
  if (payload.readUInt16BE(1) !== 0x0106) return 'malformed'
  if (!equal(payload.subarray(28, 34), lan.guestMac)) return 'spoofed'
  const options = readOptions(payload.subarray(HEADER_BYTES))
  if (options === null) return 'malformed'
  const kind = options.get(option.messageType)?.[0]
  const server = options.get(option.server)
  if (server !== undefined && !equal(server, lan.gateway)) return null
  if (kind === message.discover) return reply(payload, lan, message.offer, dnsServers)
  if (kind === message.inform) return reply(payload, lan, message.ack, dnsServers)
  if (kind !== message.request) return null
  const current = payload.subarray(12, 16)
  const wanted = options.get(option.requestedAddress) ?? current
  return reply(payload, lan, equal(wanted, lan.guest) ? message.ack : message.nak, dnsServers)
}

/** Null where an option runs over the end. */
function readOptions(bytes: Buffer): ReadonlyMap<number, Buffer> | null {
  const options = new Map<number, Buffer>()
  for (let at = 0; at < bytes.length; ) {
    const code = bytes.readUInt8(at)
    if (code === option.end) return options
    if (code === 0) {
      at += 1
      continue
    }
    if (at + 1 >= bytes.length) return null
    const length = bytes.readUInt8(at + 1)
    if (at + 2 + length > bytes.length) return null
    options.set(code, bytes.subarray(at + 2, at + 2 + length))
    at += 2 + length
  }
  return options
}

function reply(request: Buffer, lan: Lan, kind: number, dnsServers: readonly Address[]): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  header.set([2, 1, 6, 0])
  request.copy(header, 4, 4, 8)
  request.copy(header, 10, 10, 12)
  if (kind !== message.nak) header.set(lan.guest, 16)
  header.set(lan.gateway, 20)
  request.copy(header, 28, 28, 44)
  header.writeUInt32BE(MAGIC, 236)
  const renewing = kind !== message.nak && equal(request.subarray(12, 16), lan.guest)
  const payload = Buffer.concat([header, ...(kind === message.nak ? nakOptions(lan) : leaseOptions(lan, kind, dnsServers)), Buffer.of(option.end)])
  return buildIpFrame({
    from: lan.gatewayMac,
    to: lan.guestMac,
    source: lan.gateway,
    // A client without an address yet takes what is sent to everybody.
    destination: renewing ? lan.guest : Uint8Array.of(255, 255, 255, 255),
    protocol: protocolNumber.udp,
    body: udpBody(DHCP_SERVER_PORT, DHCP_CLIENT_PORT, padded(payload)),
    checksumAt: 6,
  })
}

/** Old clients drop messages shorter than BOOTP's (RFC 1542 2.1). */
function padded(payload: Buffer): Buffer {
  return payload.length >= MIN_MESSAGE ? payload : Buffer.concat([payload, Buffer.alloc(MIN_MESSAGE - payload.length)])
}

function nakOptions(lan: Lan): Uint8Array[] {
  return [encode(option.messageType, Uint8Array.of(message.nak)), encode(option.server, lan.gateway)]
}

function leaseOptions(lan: Lan, kind: number, dnsServers: readonly Address[]): Uint8Array[] {
  const mask = Buffer.alloc(4)
  mask.writeUInt32BE((0xffff_ffff << (32 - lan.prefix)) >>> 0)
  const lease = Buffer.alloc(4)
  lease.writeUInt32BE(LEASE_SECONDS)
  return [
    encode(option.messageType, Uint8Array.of(kind)),
    encode(option.server, lan.gateway),
    encode(option.lease, lease),
    encode(option.mask, mask),
    ...(lan.routed ? [encode(option.router, lan.gateway)] : []),
    ...(dnsServers.length === 0 ? [] : [encode(option.dns, Buffer.concat(dnsServers))]),
  ]
}

function encode(code: number, value: Uint8Array): Uint8Array {
  return Uint8Array.of(code, value.length, ...value)
}
