// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { knownAddress, knownCidr } from './address.ts'
import { buildIpFrame, protocolNumber, tcpBody, udpBody } from './build-packet.ts'
import { Gate } from './gate.ts'
import { HostAddresses } from './host-addresses.ts'
import { lanFor } from './lan.ts'
import { type Packet, parsePacket, tcpFlag } from './parse-packet.ts'
import { type NetworkRule, RuleSet } from './rules.ts'

const lan = lanFor('52:54:00:12:34:56')
const GUEST6 = 'fd63:6d00:6361:7365::15'
const host = new HostAddresses(['192.0.2.2/32', '127.0.0.0/8'].map(knownCidr))
const rule = (protocol: NetworkRule['protocol'], cidr: string): NetworkRule => ({ protocol, cidr, ports: null })
const web = [rule('tcp', '198.51.100.1/32')]
const everything = (['tcp', 'udp', 'icmp'] as const).flatMap((protocol) => [rule(protocol, '0.0.0.0/0'), rule(protocol, '::/0')])

function gateWith(rules: readonly NetworkRule[], now = () => 0): Gate {
  return new Gate(lan, new RuleSet({ allow: rules }), host, now)
}
interface Shape {
  readonly to: string
  readonly from?: string
  readonly mac?: Uint8Array
}
function frame(
  { to, from = to.includes(':') ? GUEST6 : '10.0.2.15', mac = lan.guestMac }: Shape,
  protocol: number,
  body: Buffer,
  checksumAt: number,
): Buffer {
  const ends = { from: mac, to: lan.gatewayMac, source: knownAddress(from), destination: knownAddress(to) }
  return buildIpFrame({ ...ends, protocol, body, checksumAt, hopLimit: 255 })
}
const tcp = (shape: Shape, flags: number, sequence = 100, ack: number | null = null) =>
  frame(shape, protocolNumber.tcp, tcpBody(5000, 80, sequence, ack, flags), 16)
const udp = (shape: Shape, port = 80, payload = Buffer.from('x')) => frame(shape, protocolNumber.udp, udpBody(5000, port, payload), 6)
const echo = (shape: Shape, type: number, id = 7) =>
  frame(shape, shape.to.includes(':') ? protocolNumber.icmpv6 : protocolNumber.icmp, Buffer.of(type, 0, 0, 0, 0, id, 0, 1), 2)
/** What the other side sends back to the guest's port. */
function back(from: string, flags: number, sequence: number, ack: number): Buffer {
  const ends = { from: lan.gatewayMac, to: lan.guestMac, source: knownAddress(from), destination: lan.guest }
  return buildIpFrame({ ...ends, protocol: protocolNumber.tcp, body: tcpBody(80, 5000, sequence, ack, flags), checksumAt: 16 })
}
function read(bytes: Buffer | null | undefined): Packet {
  const packet = bytes === null || bytes === undefined ? 'nothing' : parsePacket(bytes)
  if (typeof packet === 'string') throw new Error(packet)
  return packet
}
const flagsOf = (packet: Packet) => packet.frame.readUInt8(packet.bodyAt + 13)

describe('the gate towards the uplink', () => {
  it('passes what a rule lists, without what is behind the packet', () => {
    const sent = tcp({ to: '198.51.100.1' }, tcpFlag.syn)
    expect(gateWith(web).fromGuest(Buffer.concat([sent, Buffer.from('padding')])).toUplink).toEqual(sent)
  })

  it('refuses what no rule lists, and tells a TCP connection so', () => {
    const outcome = gateWith(web).fromGuest(tcp({ to: '198.51.100.2' }, tcpFlag.syn, 100))
    expect(outcome).toMatchObject({ toUplink: null, refusal: { reason: 'unlisted', protocol: 'tcp', port: 80 } })
    const answer = read(outcome.toGuest)
    expect(flagsOf(answer)).toBe(tcpFlag.rst | tcpFlag.ack)
    expect(answer.frame.readUInt32BE(answer.bodyAt + 8)).toBe(101)
  })

  it('never answers a reset with a reset', () => {
    expect(gateWith([]).fromGuest(tcp({ to: '198.51.100.2' }, tcpFlag.rst)).toGuest).toBeNull()
  })

  it.each<[string, Buffer]>([
    ['another Ethernet address', tcp({ to: '198.51.100.1', mac: Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x57) }, tcpFlag.syn)],
    ['another IPv4 address', tcp({ to: '198.51.100.1', from: '10.0.2.16' }, tcpFlag.syn)],
    ['an IPv6 address of another network', tcp({ to: '2001:db8::1', from: 'fd63:6d00:6361:7366::15' }, tcpFlag.syn)],
    ['a link-local address to the outside', tcp({ to: '2001:db8::1', from: 'fe80::15' }, tcpFlag.syn)],
    ["the gateway's address", tcp({ to: '198.51.100.1', from: '10.0.2.2' }, tcpFlag.syn)],
  ])('refuses a guest that speaks as %s', (_, sent) => {
    expect(gateWith(everything).fromGuest(sent)).toMatchObject({ toUplink: null, toGuest: null, refusal: { reason: 'spoofed' } })
    expect(gateWith(everything).fromGuest(tcp({ to: '198.51.100.1' }, tcpFlag.syn)).refusal).toBeNull()
    expect(gateWith(everything).fromGuest(tcp({ to: '2001:db8::1' }, tcpFlag.syn)).refusal).toBeNull()
  })

  it('passes echo requests where icmp is listed, and no other ICMP, not even under the identifier of an echo', () => {
    const gate = gateWith([rule('icmp', '198.51.100.0/24')])
    expect(gate.fromGuest(echo({ to: '198.51.100.1' }, 8)).refusal).toBeNull()
    for (const type of [0, 3, 5, 13]) expect(gate.fromGuest(echo({ to: '198.51.100.1' }, type)).refusal).toMatchObject({ reason: 'protocol' })
    expect(gate.fromGuest(echo({ to: '198.51.101.1' }, 8)).refusal).toMatchObject({ reason: 'unlisted' })
    expect(gate.fromGuest(udp({ to: '198.51.100.1' })).refusal).toMatchObject({ reason: 'unlisted' })
  })

  it('passes nothing at all without rules, whatever the bytes', () => {
    const gate = gateWith([])
    const start = fc
      .constantFrom('080045', '86dd60', '0806', '')
      .map((text) => Buffer.concat([lan.gatewayMac, lan.guestMac, Buffer.from(text, 'hex')]))
    fc.assert(
      fc.property(start, fc.uint8Array({ minLength: 2, maxLength: 200 }), (head, rest) => {
        const bytes = Buffer.concat([head, rest])
        expect(gate.fromGuest(Buffer.from(bytes)).toUplink).toBeNull()
        expect(gate.fromUplink(Buffer.from(bytes)).toGuest).toBeNull()
      }),
      { numRuns: 3000 },
    )
  })

  it('passes nothing of a well-formed flow without rules, and each of them under rules for everything', () => {
    const address = fc.oneof(fc.ipV4(), fc.ipV6()).filter((text) => !text.includes('.') || !text.includes(':'))
    const shut = gateWith([])
    fc.assert(
      fc.property(address, fc.constantFrom('tcp', 'udp'), (to, protocol) => {
        const sent = protocol === 'tcp' ? tcp({ to }, tcpFlag.syn) : udp({ to })
        expect(shut.fromGuest(Buffer.from(sent)).toUplink).toBeNull()
        const { toUplink, refusal } = gateWith(everything).fromGuest(sent)
        if (refusal === null) expect(toUplink).toEqual(sent)
        else expect(['special-address', 'host-address', 'switch-address']).toContain(refusal.reason)
      }),
      { numRuns: 500 },
    )
  })
})

describe('the gate towards the guest', () => {
  it('passes the answer to a flow under the Ethernet addresses of the link, and nothing unasked', () => {
    const gate = gateWith(web)
    const answer = back('198.51.100.1', tcpFlag.syn | tcpFlag.ack, 900, 101)
    expect(gate.fromUplink(Buffer.from(answer))).toMatchObject({ toGuest: null, refusal: { reason: 'unasked' } })
    gate.fromGuest(tcp({ to: '198.51.100.1' }, tcpFlag.syn))
    answer.fill(0, 0, 12)
    const { toGuest } = gate.fromUplink(answer)
    expect(toGuest?.subarray(0, 12)).toEqual(Buffer.concat([lan.guestMac, lan.gatewayMac]))
    expect(gate.fromUplink(back('198.51.100.9', tcpFlag.syn, 900, 101)).refusal).toMatchObject({ reason: 'unasked' })
  })

  it('passes an echo reply to the one who asked, and no echo request', () => {
    const gate = gateWith(everything)
    const reply = (type: number) => {
      const ends = { from: lan.gatewayMac, to: lan.guestMac, source: knownAddress('198.51.100.1'), destination: lan.guest }
      return buildIpFrame({ ...ends, protocol: protocolNumber.icmp, body: Buffer.of(type, 0, 0, 0, 0, 7, 0, 1), checksumAt: 2 })
    }
    gate.fromGuest(echo({ to: '198.51.100.1' }, 8, 7))
    expect(gate.fromUplink(reply(0)).refusal).toBeNull()
    expect(gate.fromUplink(reply(8)).refusal).toMatchObject({ reason: 'unasked' })
  })

  it('forgets a silent flow, UDP long before TCP', () => {
    let now = 0
    const gate = gateWith(everything, () => now)
    gate.fromGuest(udp({ to: '198.51.100.1' }))
    gate.fromGuest(tcp({ to: '198.51.100.1' }, tcpFlag.syn))
    gate.fromUplink(back('198.51.100.1', tcpFlag.syn | tcpFlag.ack, 900, 101))
    now = 181_000
    gate.expire()
    expect(gate.flows).toBe(1)
    now = 181_000 + 7_440_000
    gate.expire()
    expect(gate.flows).toBe(0)
  })

  it('forgets a connection soon after both sides have closed it', () => {
    let now = 0
    const gate = gateWith(everything, () => now)
    gate.fromGuest(tcp({ to: '198.51.100.1' }, tcpFlag.syn))
    gate.fromUplink(back('198.51.100.1', tcpFlag.syn | tcpFlag.ack, 900, 101))
    gate.fromGuest(tcp({ to: '198.51.100.1' }, tcpFlag.fin, 101, 901))
    now = 11_000
    gate.expire()
    expect(gate.flows).toBe(1)
    gate.fromUplink(back('198.51.100.1', tcpFlag.fin, 901, 102))
    now = 22_000
    gate.expire()
    expect(gate.flows).toBe(0)
  })
})

describe('replaced rules', () => {
  it('end the flows that they no longer allow, for both sides, and leave the others alone', () => {
    const gate = gateWith([...web, rule('udp', '198.51.100.1/32')])
    gate.fromGuest(tcp({ to: '198.51.100.1' }, tcpFlag.syn, 100))
    gate.fromUplink(back('198.51.100.1', tcpFlag.syn | tcpFlag.ack, 900, 101))
    gate.fromGuest(tcp({ to: '198.51.100.1' }, 0, 101, 901))
    gate.fromGuest(udp({ to: '198.51.100.1' }))
    const [ended, ...others] = gate.setRules(new RuleSet({ allow: [rule('udp', '198.51.100.1/32')] }))
    expect(others).toEqual([])
    const [inward, outward] = [read(ended?.toGuest), read(ended?.toUplink)]
    expect([flagsOf(inward) & tcpFlag.rst, flagsOf(outward) & tcpFlag.rst]).toEqual([tcpFlag.rst, tcpFlag.rst])
    // In sequence for either side, or it would be ignored (RFC 5961).
    expect(inward.frame.readUInt32BE(inward.bodyAt + 4)).toBe(901)
    expect(outward.frame.readUInt32BE(outward.bodyAt + 4)).toBe(101)
    expect(gate.flows).toBe(1)
    expect(gate.fromGuest(tcp({ to: '198.51.100.1' }, 0, 101, 901)).refusal).toMatchObject({ reason: 'unlisted' })
    expect(gate.fromUplink(back('198.51.100.1', 0, 901, 101)).refusal).toMatchObject({ reason: 'unasked' })
    expect(gate.fromGuest(udp({ to: '198.51.100.1' })).refusal).toBeNull()
  })

  it('open what was refused before', () => {
    const gate = gateWith([])
    const sent = tcp({ to: '198.51.100.1' }, tcpFlag.syn)
    expect(gate.fromGuest(Buffer.from(sent)).refusal).toMatchObject({ reason: 'unlisted' })
    gate.setRules(new RuleSet({ allow: web }))
    expect(gate.fromGuest(sent).refusal).toBeNull()
  })

  it('do not open a flow to what has become an address of the host', () => {
    const gate = gateWith(everything)
    gate.fromGuest(udp({ to: '198.51.100.1' }))
    expect(gate.setHost(new HostAddresses([knownCidr('198.51.100.1/32')]))).toHaveLength(1)
    expect(gate.fromGuest(udp({ to: '198.51.100.1' })).refusal).toMatchObject({ reason: 'host-address' })
    gate.setHost(null)
    expect(gate.fromGuest(udp({ to: '198.51.100.7' })).refusal).toMatchObject({ reason: 'host-unknown' })
  })
})
