// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { type Address, equal, knownAddress } from './address.ts'
import { buildIpFrame, internetChecksum, protocolNumber, udpBody } from './build-packet.ts'
import { Gate } from './gate.ts'
import { HostAddresses } from './host-addresses.ts'
import { lanFor } from './lan.ts'
import { destinationOf, parsePacket, sourceOf } from './parse-packet.ts'
import { type NetworkRule, RuleSet } from './rules.ts'

const lan = lanFor('52:54:00:12:34:56')
const v6: NetworkRule = { protocol: 'tcp', cidr: '2001:db8::/32', ports: null }
const dns: NetworkRule[] = [
  { protocol: 'udp', cidr: '192.0.2.53/32', ports: [53, 53] },
  { protocol: 'udp', cidr: '2001:db8::53/128', ports: [53, 53] },
]
const gateWith = (...rules: NetworkRule[]) => new Gate(lan, new RuleSet({ allow: rules }), new HostAddresses([]), () => 0)

function arp(target: string, sender = '10.0.2.15', mac: Uint8Array = lan.guestMac): Buffer {
  const head = Buffer.from('08060001080006040001', 'hex')
  return Buffer.concat([Buffer.alloc(6, 255), lan.guestMac, head, mac, knownAddress(sender), Buffer.alloc(6), knownAddress(target)])
}
function dhcp(kind: number, options: Buffer = Buffer.alloc(0), mac: Uint8Array = lan.guestMac, from = '0.0.0.0'): Buffer {
  const header = Buffer.alloc(240)
  header.set([1, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef])
  header.set(knownAddress(from), 12)
  header.set(mac, 28)
  header.writeUInt32BE(0x6382_5363, 236)
  const payload = Buffer.concat([header, Buffer.of(53, 1, kind), options, Buffer.of(255)])
  const ends = { from: lan.guestMac, to: Buffer.alloc(6, 255), source: knownAddress(from), destination: knownAddress('255.255.255.255') }
  return buildIpFrame({ ...ends, protocol: protocolNumber.udp, body: udpBody(68, 67, payload), checksumAt: 6 })
}
/** Message type, offered address and options of a DHCP answer. */
function lease(frame: Buffer | null) {
  const packet = frame === null ? 'nothing' : parsePacket(frame)
  if (frame === null || typeof packet === 'string') throw new Error(`${packet}`)
  const payload = frame.subarray(packet.bodyAt + 8, packet.bodyEnd)
  const options: Record<number, number[]> = {}
  for (let at = 240; payload[at] !== 255; at += 2 + payload.readUInt8(at + 1)) {
    options[payload.readUInt8(at)] = [...payload.subarray(at + 2, at + 2 + payload.readUInt8(at + 1))]
  }
  return { xid: payload.readUInt32BE(4), address: [...payload.subarray(16, 20)], to: [...destinationOf(packet)], options }
}
function icmpv6(type: number, from: string, to: string, rest: Uint8Array = Buffer.alloc(4), hopLimit = 255): Buffer {
  const ends = { from: lan.guestMac, to: lan.gatewayMac, source: knownAddress(from), destination: knownAddress(to) }
  return buildIpFrame({ ...ends, protocol: protocolNumber.icmpv6, body: Buffer.concat([Buffer.of(type, 0, 0, 0), rest]), checksumAt: 2, hopLimit })
}
const solicit = (target: string) => Buffer.concat([Buffer.alloc(4), knownAddress(target), Buffer.of(1, 1), lan.guestMac])

describe('ARP on the link of a guest', () => {
  it('leads every address but its own to the gateway', () => {
    for (const target of ['10.0.2.2', '10.0.2.77', '192.0.2.1']) {
      const reply = gateWith().fromGuest(arp(target)).toGuest
      expect(reply?.subarray(0, 6)).toEqual(Buffer.from(lan.guestMac))
      expect(reply?.subarray(20)).toEqual(Buffer.concat([Buffer.of(0, 2), lan.gatewayMac, knownAddress(target), lan.guestMac, lan.guest]))
    }
    expect(gateWith().fromGuest(arp('10.0.2.15', '0.0.0.0'))).toEqual({ toGuest: null, toUplink: null, refusal: null })
  })

  it.each([
    ["the gateway's address", arp('10.0.2.15', '10.0.2.2')],
    ['another Ethernet address', arp('10.0.2.2', '10.0.2.15', lan.gatewayMac)],
  ])('refuses a guest that claims %s', (_, frame) => {
    expect(gateWith().fromGuest(frame)).toMatchObject({ toGuest: null, toUplink: null, refusal: { reason: 'spoofed' } })
  })
})

describe('DHCP on the link of a guest', () => {
  it('offers and grants the one address, with a resolver that refuses', () => {
    const offer = lease(gateWith().fromGuest(dhcp(1)).toGuest)
    expect(offer).toMatchObject({ xid: 0xdeadbeef, address: [10, 0, 2, 15], to: [255, 255, 255, 255] })
    expect(offer.options).toMatchObject({ 53: [2], 1: [255, 255, 255, 0], 3: [10, 0, 2, 2], 6: [10, 0, 2, 2], 54: [10, 0, 2, 2] })
    expect(lease(gateWith().fromGuest(dhcp(3, Buffer.of(50, 4, 10, 0, 2, 15, 54, 4, 10, 0, 2, 2))).toGuest).options[53]).toEqual([5])
  })

  it('names the resolvers that the rules list', () => {
    expect(lease(gateWith(...dns).fromGuest(dhcp(1)).toGuest).options[6]).toEqual([192, 0, 2, 53])
  })

  it('renews to the address that the guest has', () => {
    expect(lease(gateWith().fromGuest(dhcp(3, Buffer.alloc(0), lan.guestMac, '10.0.2.15')).toGuest)).toMatchObject({
      to: [10, 0, 2, 15],
      options: { 53: [5] },
    })
  })

  it('denies another address', () => {
    expect(lease(gateWith().fromGuest(dhcp(3, Buffer.of(50, 4, 10, 0, 2, 16))).toGuest).options[53]).toEqual([6])
  })

  it('keeps silent towards a request that is for another server', () => {
    expect(gateWith().fromGuest(dhcp(3, Buffer.of(50, 4, 10, 0, 2, 15, 54, 4, 10, 0, 2, 9)))).toEqual({
      toGuest: null,
      toUplink: null,
      refusal: null,
    })
  })

  it.each([
    ['spoofed', 'for another client', dhcp(1, Buffer.alloc(0), lan.gatewayMac)],
    ['malformed', 'whose option runs over the end', dhcp(1, Buffer.of(12, 200, 1))],
  ])('refuses as `%s` a message %s', (reason, _, frame) => {
    expect(gateWith().fromGuest(frame)).toMatchObject({ toGuest: null, toUplink: null, refusal: { reason } })
  })
})

describe('DNS on the link of a guest', () => {
  it('is answered with a refusal, and counted', () => {
    const query = Buffer.from('12340100000100000000000003777777076578616d706c6503636f6d0000010001', 'hex')
    const ends = { from: lan.guestMac, to: lan.gatewayMac, source: lan.guest, destination: lan.resolver }
    const frame = buildIpFrame({ ...ends, protocol: protocolNumber.udp, body: udpBody(5353, 53, query), checksumAt: 6 })
    const { toGuest, toUplink, refusal } = gateWith(...dns).fromGuest(frame)
    expect([toUplink, refusal?.reason]).toEqual([null, 'dns'])
    expect(toGuest?.subarray(42).toString('hex')).toBe('12348185000100000000000003777777076578616d706c6503636f6d0000010001')
  })
})

describe('DHCPv6 on the link of a guest', () => {
  const inform = (kind: number, options: Buffer = Buffer.of(0, 1, 0, 2, 7, 7), from = 'fe80::15') => {
    const ends = { from: lan.guestMac, to: Buffer.of(0x33, 0x33, 0, 1, 0, 2), source: knownAddress(from), destination: knownAddress('ff02::1:2') }
    const payload = Buffer.concat([Buffer.of(kind, 1, 2, 3), options])
    return buildIpFrame({ ...ends, protocol: protocolNumber.udp, body: udpBody(546, 547, payload), checksumAt: 6 })
  }

  it('names the resolvers to a guest that asks for them, under its own transaction and identifier', () => {
    const { toGuest } = gateWith(...dns).fromGuest(inform(11))
    const identifier = `000200${Buffer.of(10).toString('hex')}00030001${Buffer.from(lan.gatewayMac).toString('hex')}`
    expect(toGuest?.subarray(62).toString('hex')).toBe(`07010203${identifier}000100020707001700102001${'0db8'.padEnd(26, '0')}53`)
    expect(gateWith(...dns).fromGuest(inform(11, Buffer.alloc(0), 'fd63:6d00:6361:7365::15')).toGuest).not.toBeNull()
  })

  it('leases no address, and is silent while no rule lists anything over IPv6', () => {
    expect(gateWith(...dns).fromGuest(inform(1)).toGuest).toBeNull()
    expect(gateWith().fromGuest(inform(11)).toGuest).toBeNull()
  })

  it.each([
    ['malformed', 'whose option runs over the end', inform(11, Buffer.of(0, 1, 0, 9, 1))],
    ['malformed', 'with an identifier that is too long', inform(11, Buffer.concat([Buffer.of(0, 1, 0, 131), Buffer.alloc(131)]))],
    ['spoofed', 'of another link', inform(11, Buffer.alloc(0), '2001:db8::1')],
  ])('refuses as `%s` a message %s', (reason, _, frame) => {
    expect(gateWith(...dns).fromGuest(frame)).toMatchObject({ toGuest: null, toUplink: null, refusal: { reason } })
  })
})

describe('neighbour discovery on the link of a guest', () => {
  const gateway = 'fe80::1'
  const answer = (frame: Buffer, ...rules: NetworkRule[]) => gateWith(...rules).fromGuest(frame)
  const target = (frame: Buffer | null): Address => frame?.subarray(62, 78) ?? Buffer.alloc(0)

  it('leads to the gateway, with a checksum that holds', () => {
    const { toGuest } = answer(icmpv6(135, 'fe80::15', 'ff02::1:ff00:1', solicit(gateway)))
    const packet = parsePacket(toGuest ?? Buffer.alloc(0))
    if (toGuest === null || typeof packet === 'string') throw new Error('no answer')
    expect(packet).toMatchObject({ icmpType: 136, hopLimit: 255 })
    expect(equal(target(toGuest), knownAddress(gateway)) && equal(sourceOf(packet), knownAddress(gateway))).toBe(true)
    const pseudo = Buffer.concat([sourceOf(packet), destinationOf(packet), Buffer.of(0, 0, 0, packet.bodyEnd - packet.bodyAt, 0, 0, 0, 58)])
    expect(internetChecksum(Buffer.concat([pseudo, toGuest.subarray(packet.bodyAt)]))).toBe(0)
  })

  it('lets the guest take addresses of its own link, and not that of the gateway', () => {
    expect(answer(icmpv6(135, '::', 'ff02::1:ff00:15', solicit('fd63:6d00:6361:7365::15'))).toGuest).toBeNull()
    expect(equal(target(answer(icmpv6(135, '::', 'ff02::1:ff00:1', solicit(gateway))).toGuest), knownAddress(gateway))).toBe(true)
  })

  it('advertises the network while a rule lists anything over IPv6', () => {
    const ask = icmpv6(133, 'fe80::15', 'ff02::2')
    expect(answer(ask).toGuest).toBeNull()
    expect(parsePacket(answer(ask, v6).toGuest ?? Buffer.alloc(0))).toMatchObject({ icmpType: 134 })
    expect(answer(ask, ...dns).toGuest?.includes(Buffer.from(knownAddress('2001:db8::53')))).toBe(true)
    const gate = gateWith(v6)
    expect(gate.setRules(new RuleSet({ allow: [] })).map(({ toGuest }) => toGuest?.readUInt16BE(60))).toEqual([0])
    expect(gate.setRules(new RuleSet({ allow: [v6] })).map(({ toGuest }) => toGuest?.readUInt16BE(60))).toEqual([1800])
  })

  it.each([
    ['spoofed', 'an advertisement as a router', icmpv6(134, 'fe80::15', 'ff02::1', Buffer.alloc(12))],
    ['spoofed', 'a redirect', icmpv6(137, 'fe80::15', 'ff02::1', Buffer.alloc(36))],
    ['spoofed', 'a claim to the address of the gateway', icmpv6(136, 'fe80::15', 'ff02::1', solicit(gateway))],
    ['malformed', 'a solicitation from beyond the link', icmpv6(133, 'fe80::15', 'ff02::2', Buffer.alloc(4), 254)],
    ['malformed', 'a solicitation for nobody', icmpv6(135, 'fe80::15', 'ff02::2', Buffer.alloc(4))],
  ])('refuses as `%s` %s', (reason, _, frame) => {
    expect(answer(frame, v6)).toMatchObject({ toGuest: null, toUplink: null, refusal: { reason } })
  })
})
