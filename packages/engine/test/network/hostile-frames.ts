// SPDX-License-Identifier: Apache-2.0
//
// Ways out that a guest may try, each with the reason for which it is refused although its rules list everything, and its twin: the same
// frame without what is wrong with it, which passes.
import { knownAddress } from '../../src/network/address.ts'
import { buildIpFrame, protocolNumber, tcpBody, udpBody } from '../../src/network/build-packet.ts'
import { tcpFlag } from '../../src/network/parse-packet.ts'
import type { RefusalReason } from '../../src/network/refusal-log.ts'
import { GUEST6, lan } from './scripted-guest.ts'

export interface HostileFrame {
  readonly name: string
  readonly reason: RefusalReason
  readonly frame: Buffer
  readonly twin: Buffer
}

const SERVER = '10.77.0.3'
const SERVER6 = 'fd77::3'
const PORT = 8080
let sourcePort = 20_000

interface Ends {
  readonly from?: string
  readonly mac?: Uint8Array
  readonly port?: number
}

function syn(to: string, { from = to.includes(':') ? GUEST6 : '10.0.2.15', mac = lan.guestMac, port = PORT }: Ends = {}): Buffer {
  const ends = { from: mac, to: lan.gatewayMac, source: knownAddress(from), destination: knownAddress(to) }
  return buildIpFrame({ ...ends, protocol: protocolNumber.tcp, body: tcpBody(sourcePort++, port, 1000, null, tcpFlag.syn), checksumAt: 16 })
}

function datagram(to: string): Buffer {
  const source = knownAddress(to.includes(':') ? GUEST6 : '10.0.2.15')
  const ends = { from: lan.guestMac, to: lan.gatewayMac, source, destination: knownAddress(to) }
  return buildIpFrame({ ...ends, protocol: protocolNumber.udp, body: udpBody(sourcePort++, PORT, Buffer.from('escape')), checksumAt: 6 })
}

function icmp(to: string, body: Buffer, from?: string): Buffer {
  const six = to.includes(':')
  const source = knownAddress(from ?? (six ? GUEST6 : '10.0.2.15'))
  const ends = { from: lan.guestMac, to: lan.gatewayMac, source, destination: knownAddress(to), hopLimit: 255 }
  return buildIpFrame({ ...ends, protocol: six ? protocolNumber.icmpv6 : protocolNumber.icmp, body, checksumAt: 2 })
}

/** `frame` with bytes written over it from `at`, counted from the start of the Ethernet frame. */
function changed(frame: Buffer, at: number, ...bytes: number[]): Buffer {
  const copy = Buffer.from(frame)
  copy.set(bytes, at)
  return copy
}

/** `frame` with `bytes` put in behind its IP header, the IP header's lengths set right. */
function behindHeader(frame: Buffer, bytes: Buffer): Buffer {
  const six = frame.readUInt16BE(12) === 0x86dd
  const at = six ? 54 : 34
  const grown = Buffer.concat([frame.subarray(0, at), bytes, frame.subarray(at)])
  if (six) grown.writeUInt16BE(grown.length - 54, 18)
  else grown.writeUInt16BE(grown.length - 14, 16)
  return grown
}

function arp(sender: string, mac: Uint8Array, from: Uint8Array = lan.guestMac): Buffer {
  const head = Buffer.from('08060001080006040001', 'hex')
  return Buffer.concat([Buffer.alloc(6, 255), from, head, mac, knownAddress(sender), Buffer.alloc(6), lan.gateway])
}

function dhcp(options: Buffer, client: Uint8Array = lan.guestMac): Buffer {
  const payload = Buffer.alloc(240)
  payload.set([1, 1, 6, 0])
  payload.set(client, 28)
  payload.writeUInt32BE(0x6382_5363, 236)
  const body = udpBody(68, 67, Buffer.concat([payload, Buffer.of(53, 1, 1), options, Buffer.of(255)]))
  const ends = { from: lan.guestMac, to: Buffer.alloc(6, 255), source: knownAddress('0.0.0.0'), destination: knownAddress('255.255.255.255') }
  return buildIpFrame({ ...ends, protocol: protocolNumber.udp, body, checksumAt: 6 })
}

const other = Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x57)
const to = (reason: RefusalReason, ...addresses: string[]): HostileFrame[] =>
  addresses.flatMap((address) => {
    const server = address.includes(':') ? SERVER6 : SERVER
    return [
      { name: `a connection to ${address}`, reason, frame: syn(address), twin: syn(server) },
      { name: `a datagram to ${address}`, reason, frame: datagram(address), twin: datagram(server) },
    ]
  })
const wrong = (name: string, reason: RefusalReason, twin: Buffer, frame: Buffer): HostileFrame => ({ name, reason, frame, twin: anew(twin) })
const [v4, v6] = [syn(SERVER), syn(SERVER6)]
/** Each twin is a connection of its own. */
const anew = (twin: Buffer): Buffer => (twin === v4 ? syn(SERVER) : twin === v6 ? syn(SERVER6) : twin)
const echo = Buffer.of(8, 0, 0, 0, 0, 9, 0, 1)
const behind = Buffer.alloc(20)

export const hostileFrames: readonly HostileFrame[] = [
  ...to('special-address', '127.0.0.1', '127.255.255.254', '0.0.0.0', '169.254.169.254', '224.0.0.251', '255.255.255.255', '240.0.0.1'),
  ...to('special-address', '::1', '::', '::127.0.0.1', '::ffff:127.0.0.1', '::ffff:10.77.0.1', 'fe80::77', 'ff02::fb', 'ff05::2'),
  // NAT64, 6to4 and Teredo, which carry an IPv4 address: of the loopback, then of the host.
  ...to('special-address', '64:ff9b::127.0.0.1', '2002:7f00:1::1', '2001:0:c000:201:0:0:80ff:fffe', '64:ff9b:1::127.0.0.1'),
  ...to('host-address', '10.77.0.1', '10.77.0.255', 'fd77::1', '64:ff9b::10.77.0.1', '2002:a4d:1::1', '2001:0:c000:201:0:0:f5b2:fffe'),
  ...to('switch-address', '10.0.2.2', '10.0.2.3'),
  wrong('the Ethernet address of somebody else', 'spoofed', v4, syn(SERVER, { mac: other })),
  wrong('the Ethernet address of the gateway', 'spoofed', v4, syn(SERVER, { mac: lan.gatewayMac })),
  wrong('the IPv4 address of somebody else', 'spoofed', v4, syn(SERVER, { from: '10.0.2.16' })),
  wrong('the IPv4 address of the host', 'spoofed', v4, syn(SERVER, { from: '10.77.0.1' })),
  wrong('the loopback as its source', 'spoofed', v4, syn(SERVER, { from: '127.0.0.1' })),
  wrong('an IPv6 address of another network', 'spoofed', v6, syn(SERVER6, { from: 'fd77::9' })),
  wrong('a link-local source towards the outside', 'spoofed', v6, syn(SERVER6, { from: 'fe80::15' })),
  wrong('ARP for an address that is not its own', 'spoofed', arp('10.0.2.15', lan.guestMac), arp('10.0.2.16', lan.guestMac)),
  wrong('ARP for the gateway', 'spoofed', arp('10.0.2.15', lan.guestMac), arp('10.0.2.2', lan.guestMac)),
  wrong('an answer to ARP for the gateway', 'spoofed', arp('10.0.2.15', lan.guestMac), changed(arp('10.0.2.2', lan.guestMac), 21, 2)),
  wrong(
    'an answer to ARP for another guest',
    'spoofed',
    changed(arp('10.0.2.15', lan.guestMac), 21, 2),
    changed(arp('10.0.2.16', lan.guestMac), 21, 2),
  ),
  wrong('ARP under another Ethernet address inside', 'spoofed', arp('10.0.2.15', lan.guestMac), arp('10.0.2.15', other)),
  wrong('ARP of another protocol', 'malformed', arp('10.0.2.15', lan.guestMac), changed(arp('10.0.2.15', lan.guestMac), 16, 0x86, 0xdd)),
  wrong('a router advertisement', 'spoofed', v6, icmp('ff02::1', Buffer.concat([Buffer.of(134), Buffer.alloc(15)]), 'fe80::15')),
  wrong('a redirect over IPv6', 'spoofed', v6, icmp('ff02::1', Buffer.concat([Buffer.of(137), Buffer.alloc(39)]), 'fe80::15')),
  wrong('a claim to the address of the gateway', 'spoofed', v6, icmp('ff02::1', neighbour('fe80::1'), 'fe80::15')),
  wrong('a claim to the address of a server', 'spoofed', v6, icmp('ff02::1', neighbour(SERVER6), 'fe80::15')),
  wrong('neighbour discovery from afar', 'malformed', v6, changed(icmp('ff02::1', neighbour('fd63:6d00:6361:7365::15'), 'fe80::15'), 21, 254)),
  wrong('a first fragment', 'fragment', v4, changed(v4, 20, 0x20, 0)),
  wrong('a later fragment, that would lie over the ports', 'fragment', v4, changed(v4, 20, 0, 1)),
  wrong('a fragment in the middle', 'fragment', v4, changed(v4, 20, 0x20, 0xb9)),
  wrong('a reserved bit of IPv4', 'malformed', v4, changed(v4, 20, 0x80, 0)),
  wrong('a loose source route', 'ip-options', v4, changed(behindHeader(v4, Buffer.of(0x83, 7, 4, 127, 0, 0, 1, 0)), 14, 0x47)),
  wrong('a strict source route', 'ip-options', v4, changed(behindHeader(v4, Buffer.of(0x89, 7, 4, 10, 77, 0, 1, 0)), 14, 0x47)),
  wrong('a record route', 'ip-options', v4, changed(behindHeader(v4, Buffer.of(7, 7, 4, 0, 0, 0, 0, 0)), 14, 0x47)),
  ...[0, 43, 50, 51, 59, 60, 135, 139, 140, 253].map((next) =>
    wrong(`extension header ${next}`, 'extension-header', v6, changed(behindHeader(v6, Buffer.of(6, 0, 1, 4, 0, 0, 0, 0)), 20, next)),
  ),
  wrong('a fragment over IPv6', 'fragment', v6, changed(behindHeader(v6, Buffer.of(6, 0, 0, 1, 0, 0, 0, 1)), 20, 44)),
  wrong('an atomic fragment', 'fragment', v6, changed(behindHeader(v6, Buffer.of(6, 0, 0, 0, 0, 0, 0, 1)), 20, 44)),
  ...[2, 4, 41, 47, 50, 51, 89, 112, 132, 136, 137].map((protocol) => wrong(`IPv4 protocol ${protocol}`, 'protocol', v4, changed(v4, 23, protocol))),
  ...[2, 4, 41, 47, 89, 103, 132].map((protocol) => wrong(`IPv6 protocol ${protocol}`, 'protocol', v6, changed(v6, 20, protocol))),
  wrong('IPv6 in a frame of IPv4', 'malformed', v6, changed(v6, 12, 8, 0)),
  wrong('IPv4 in a frame of IPv6', 'malformed', v4, changed(Buffer.concat([v4, behind]), 12, 0x86, 0xdd)),
  ...[0, 3, 4, 5, 9, 13, 15, 17].map((type) =>
    wrong(`ICMP message ${type}`, 'protocol', icmp(SERVER, echo), icmp(SERVER, Buffer.of(type, ...echo.subarray(1)))),
  ),
  wrong('an IPv4 header cut short', 'malformed', v4, v4.subarray(0, 30)),
  wrong('an IPv4 packet longer than its frame', 'malformed', v4, v4.subarray(0, v4.length - 1)),
  wrong('a length of IPv4 below its header', 'malformed', v4, changed(v4, 16, 0, 19)),
  wrong('a header of 16 bytes', 'malformed', v4, changed(v4, 14, 0x44)),
  wrong('an IPv6 packet longer than its frame', 'malformed', v6, v6.subarray(0, v6.length - 1)),
  wrong('a TCP header longer than its packet', 'malformed', v4, changed(v4, 46, 0xf0)),
  wrong('a TCP header of 16 bytes', 'malformed', v4, changed(v4, 46, 0x40)),
  wrong('a datagram whose length is not its own', 'malformed', datagram(SERVER), changed(datagram(SERVER), 38, 0, 9)),
  wrong('port 0', 'malformed', v4, changed(v4, 36, 0, 0)),
  ...[0x8100, 0x88a8, 0x9100].map((tag) =>
    wrong(`a tag ${tag.toString(16)}`, 'ethertype', v4, Buffer.concat([v4.subarray(0, 12), Buffer.of(tag >> 8, tag & 255, 0, 1), v4.subarray(12)])),
  ),
  ...[0x88cc, 0x888e, 0x8863, 0x8864, 0x8847, 0x8137, 0x0026].map((type) =>
    wrong(`frame type ${type.toString(16)}`, 'ethertype', v4, changed(v4, 12, type >> 8, type & 255)),
  ),
  wrong('DHCP for another client', 'spoofed', dhcp(Buffer.alloc(0)), dhcp(Buffer.alloc(0), other)),
  wrong('DHCP whose option runs over the end', 'malformed', dhcp(Buffer.of(12, 1, 1)), dhcp(Buffer.of(12, 200, 1))),
  wrong(
    'DHCP of 60,000 bytes that never ends',
    'malformed',
    dhcp(Buffer.concat([Buffer.of(12, 200), Buffer.alloc(200)])),
    dhcp(Buffer.concat([Buffer.alloc(60_000), Buffer.of(12, 255)])),
  ),
]

function neighbour(target: string): Buffer {
  return Buffer.concat([Buffer.of(136, 0, 0, 0, 0x20, 0, 0, 0), knownAddress(target), Buffer.of(2, 1), lan.guestMac])
}
