// SPDX-License-Identifier: Apache-2.0
import type { Address } from './address.ts'

/** An Ethernet address: 6 bytes. */
export type Mac = Uint8Array

export const protocolNumber = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const

interface IpFrame {
  readonly from: Mac
  readonly to: Mac
  /** Both of the same family. */
  readonly source: Address
  readonly destination: Address
  readonly protocol: number
  /** The transport header and what it carries, its checksum field zero. */
  readonly body: Uint8Array
  /** Where in `body` its checksum goes. */
  readonly checksumAt: number
  readonly hopLimit?: number
}

/** A whole frame around `body`, every checksum filled in. */
export function buildIpFrame(packet: IpFrame): Buffer {
  const { source, destination, protocol } = packet
  const body = Buffer.from(packet.body)
  // ICMP over IPv4 is the one whose checksum leaves the addresses out (RFC 792).
  const pseudo = protocol === protocolNumber.icmp ? Buffer.alloc(0) : pseudoHeader(source, destination, protocol, body.length)
  const checksum = internetChecksum(Buffer.concat([pseudo, body]))
  // A UDP checksum of zero means that there is none (RFC 768).
  body.writeUInt16BE(protocol === protocolNumber.udp && checksum === 0 ? 0xffff : checksum, packet.checksumAt)
  const head = source.length === 4 ? ipv4Header(packet, body.length) : ipv6Header(packet, body.length)
  const ethernet = Buffer.concat([packet.to, packet.from, source.length === 4 ? Buffer.of(8, 0) : Buffer.of(0x86, 0xdd)])
  return Buffer.concat([ethernet, head, body])
}

function ipv4Header({ source, destination, protocol, hopLimit = 64 }: IpFrame, bodyLength: number): Buffer {
  const header = Buffer.alloc(20)
  header[0] = 0x45
  header.writeUInt16BE(20 + bodyLength, 2)
  header.writeUInt16BE(0x4000, 6)
  header[8] = hopLimit
  header[9] = protocol
  header.set(source, 12)
  header.set(destination, 16)
  header.writeUInt16BE(internetChecksum(header), 10)
  return header
}

function ipv6Header({ source, destination, protocol, hopLimit = 64 }: IpFrame, bodyLength: number): Buffer {
  const header = Buffer.alloc(40)
  header[0] = 0x60
  header.writeUInt16BE(bodyLength, 4)
  header[6] = protocol
  header[7] = hopLimit
  header.set(source, 8)
  header.set(destination, 24)
  return header
}

function pseudoHeader(source: Address, destination: Address, protocol: number, length: number): Buffer {
  const tail = Buffer.alloc(8)
  tail.writeUInt32BE(length)
  tail.writeUInt32BE(protocol, 4)
  return Buffer.concat([source, destination, tail])
}

/** RFC 1071. */
export function internetChecksum(bytes: Buffer): number {
  let sum = 0
  for (let at = 0; at + 1 < bytes.length; at += 2) sum += bytes.readUInt16BE(at)
  if (bytes.length % 2 === 1) sum += bytes.readUInt8(bytes.length - 1) << 8
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

/** UDP header and payload, checksum zero. */
export function udpBody(sourcePort: number, destinationPort: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(8)
  header.writeUInt16BE(sourcePort)
  header.writeUInt16BE(destinationPort, 2)
  header.writeUInt16BE(8 + payload.length, 4)
  return Buffer.concat([header, payload])
}

/** A bare TCP segment; `ack` null leaves the ACK flag out. */
export function tcpBody(sourcePort: number, destinationPort: number, sequence: number, ack: number | null, flags: number): Buffer {
  const header = Buffer.alloc(20)
  header.writeUInt16BE(sourcePort)
  header.writeUInt16BE(destinationPort, 2)
  header.writeUInt32BE(sequence >>> 0, 4)
  header.writeUInt32BE((ack ?? 0) >>> 0, 8)
  header[12] = 0x50
  header[13] = ack === null ? flags : flags | 16
  return header
}
