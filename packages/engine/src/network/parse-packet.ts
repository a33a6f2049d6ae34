// SPDX-License-Identifier: Apache-2.0
//
// Reads an Ethernet frame as far as a decision needs it: IPv4 (RFC 791), IPv6 (RFC 8200), TCP (RFC 9293), UDP (RFC 768), ICMP. Every
// length is checked against the bytes there are. What would let two readers see two things is refused: fragments, options, extension
// headers.
export const ETHERNET_BYTES = 14
const ETHERTYPE_IPV4 = 0x0800
const ETHERTYPE_IPV6 = 0x86dd

export const tcpFlag = { fin: 1, syn: 2, rst: 4, ack: 16 } as const

/** Places are offsets into `frame`. `bodyAt` to `bodyEnd` is the transport header and what it carries; padding behind is left out. */
export interface Packet {
  readonly frame: Buffer
  readonly addressBytes: 4 | 16
  readonly sourceAt: number
  readonly destinationAt: number
  /** IPv4: time to live. */
  readonly hopLimit: number
  readonly protocol: 'tcp' | 'udp' | 'icmp'
  readonly bodyAt: number
  readonly bodyEnd: number
  /** The identifier of an ICMP echo stands for both ports; 0 for other ICMP. */
  readonly sourcePort: number
  readonly destinationPort: number
  /** 0 where `protocol` is not icmp. */
  readonly icmpType: number
}

export type ParseRefusal = 'malformed' | 'fragment' | 'ip-options' | 'extension-header' | 'ethertype' | 'protocol'

/** An IP packet, or why it is none that is dealt with. */
export function parsePacket(frame: Buffer): Packet | ParseRefusal {
  if (frame.length < ETHERNET_BYTES) return 'malformed'
  const ethertype = frame.readUInt16BE(12)
  if (ethertype === ETHERTYPE_IPV4) return parseIpv4(frame)
  if (ethertype === ETHERTYPE_IPV6) return parseIpv6(frame)
  return 'ethertype'
}

function parseIpv4(frame: Buffer): Packet | ParseRefusal {
  if (frame.length < ETHERNET_BYTES + 20) return 'malformed'
  const versionAndLength = frame.readUInt8(14)
  const total = frame.readUInt16BE(16)
  const bodyEnd = ETHERNET_BYTES + total
  if (versionAndLength >> 4 !== 4 || total < 20 || bodyEnd > frame.length) return 'malformed'
  if (versionAndLength !== 0x45) return (versionAndLength & 15) < 5 ? 'malformed' : 'ip-options'
  // More fragments, or an offset; "don't fragment" is fine, the reserved bit is not.
  const fragment = frame.readUInt16BE(20)
  if ((fragment & 0x8000) !== 0) return 'malformed'
  if ((fragment & 0x3fff) !== 0) return 'fragment'
  const ip = { frame, addressBytes: 4 as const, sourceAt: 26, destinationAt: 30, hopLimit: frame.readUInt8(22), bodyAt: 34, bodyEnd }
  return parseTransport(ip, frame.readUInt8(23), 1)
}

const FRAGMENT_HEADER = 44
const extensionHeaders: ReadonlySet<number> = new Set([0, 43, 50, 51, 59, 60, 135, 139, 140, 253, 254])

function parseIpv6(frame: Buffer): Packet | ParseRefusal {
  if (frame.length < ETHERNET_BYTES + 40) return 'malformed'
  const bodyEnd = ETHERNET_BYTES + 40 + frame.readUInt16BE(18)
  if (frame.readUInt8(14) >> 4 !== 6 || bodyEnd > frame.length) return 'malformed'
  const next = frame.readUInt8(20)
  if (next === FRAGMENT_HEADER) return 'fragment'
  if (extensionHeaders.has(next)) return 'extension-header'
  const ip = { frame, addressBytes: 16 as const, sourceAt: 22, destinationAt: 38, hopLimit: frame.readUInt8(21), bodyAt: 54, bodyEnd }
  return parseTransport(ip, next, 58)
}

type IpPart = Omit<Packet, 'protocol' | 'sourcePort' | 'destinationPort' | 'icmpType'>

function parseTransport(ip: IpPart, protocol: number, icmp: number): Packet | ParseRefusal {
  const { frame, bodyAt } = ip
  const length = ip.bodyEnd - bodyAt
  if (protocol === 6) {
    if (length < 20) return 'malformed'
    const header = (frame.readUInt8(bodyAt + 12) >> 4) * 4
    return header < 20 || header > length ? 'malformed' : withPorts(ip, 'tcp')
  }
  if (protocol === 17) return length < 8 || frame.readUInt16BE(bodyAt + 4) !== length ? 'malformed' : withPorts(ip, 'udp')
  if (protocol !== icmp) return 'protocol'
  if (length < 8) return 'malformed'
  const icmpType = frame.readUInt8(bodyAt)
  const identifier = isEcho(ip.addressBytes, icmpType) ? frame.readUInt16BE(bodyAt + 4) : 0
  return { ...ip, protocol: 'icmp', sourcePort: identifier, destinationPort: identifier, icmpType }
}

function withPorts(ip: IpPart, protocol: 'tcp' | 'udp'): Packet | ParseRefusal {
  const sourcePort = ip.frame.readUInt16BE(ip.bodyAt)
  const destinationPort = ip.frame.readUInt16BE(ip.bodyAt + 2)
  return sourcePort === 0 || destinationPort === 0 ? 'malformed' : { ...ip, protocol, sourcePort, destinationPort, icmpType: 0 }
}

/** Echo request or reply (RFC 792, RFC 4443). */
function isEcho(addressBytes: 4 | 16, icmpType: number): boolean {
  return addressBytes === 4 ? icmpType === 8 || icmpType === 0 : icmpType === 128 || icmpType === 129
}

export function isEchoRequest(packet: Packet): boolean {
  return packet.icmpType === (packet.addressBytes === 4 ? 8 : 128)
}

/** Views on the frame: copy what is kept. */
export function sourceOf(packet: Packet): Buffer {
  return packet.frame.subarray(packet.sourceAt, packet.sourceAt + packet.addressBytes)
}

export function destinationOf(packet: Packet): Buffer {
  return packet.frame.subarray(packet.destinationAt, packet.destinationAt + packet.addressBytes)
}
