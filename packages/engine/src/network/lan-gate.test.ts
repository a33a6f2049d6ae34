// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { knownAddress } from './address.ts'
import { buildIpFrame, protocolNumber, udpBody } from './build-packet.ts'
import { knownMac } from './lan.ts'
import { LanGate, type LanOutcome } from './lan-gate.ts'

const macs = ['52:54:00:00:00:01', '52:54:00:00:00:02', '52:54:00:00:00:03'] as const
const [one, two, three] = [knownMac(macs[0]), knownMac(macs[1]), knownMac(macs[2])] as const
const everybody = new Uint8Array(6).fill(255)
const gate = new LanGate(macs)

interface Shape {
  readonly mac?: Uint8Array
  readonly source?: string
  readonly to?: Uint8Array
  readonly destination?: string
}
const ends = ({ mac = one, source = '10.0.3.10', to = two, destination = '10.0.3.11' }: Shape) => ({
  from: mac,
  to,
  source: knownAddress(source),
  destination: knownAddress(destination),
})
const datagram = (shape: Shape = {}, port = 9) =>
  buildIpFrame({ ...ends(shape), protocol: protocolNumber.udp, body: udpBody(9, port, Buffer.from('x')), checksumAt: 6 })
const icmp = (type: number) => buildIpFrame({ ...ends({}), protocol: protocolNumber.icmp, body: Buffer.of(type, 0, 0, 0, 0, 1, 0, 1), checksumAt: 2 })
function arp({ mac = one, source = '10.0.3.10', to = everybody, destination = '10.0.3.11' }: Shape = {}, inside = mac): Buffer {
  const head = Buffer.from('08060001080006040001', 'hex')
  return Buffer.concat([to, mac, head, inside, knownAddress(source), Buffer.alloc(6), knownAddress(destination)])
}
const short = ({ to, reason }: LanOutcome) => reason ?? to

describe('guests on a link of their own', () => {
  it('hear what is meant for them or for everybody, and nobody hears himself', () => {
    expect(short(gate.from(0, datagram()))).toEqual([1])
    expect(short(gate.from(0, datagram({ to: three, destination: '10.0.3.12' })))).toEqual([2])
    expect(short(gate.from(0, datagram({ to: everybody, destination: '10.0.3.255' })))).toEqual([1, 2])
    expect(short(gate.from(0, arp()))).toEqual([1, 2])
    expect(short(gate.from(1, arp({ mac: two, source: '10.0.3.11', to: one, destination: '10.0.3.10' })))).toEqual([0])
    expect(short(gate.from(0, arp({ source: '0.0.0.0' })))).toEqual([1, 2])
  })

  it.each<[string, string, Buffer]>([
    ['spoofed', 'under the Ethernet address of another one', datagram({ mac: two })],
    ['spoofed', 'under the IP address of another one', datagram({ source: '10.0.3.12' })],
    ['spoofed', 'under an address of elsewhere', datagram({ source: '192.0.2.1' })],
    ['spoofed', 'with ARP for the address of another one', arp({ source: '10.0.3.12' })],
    ['spoofed', 'with ARP for the address of the switch', arp({ source: '10.0.3.1' })],
    ['spoofed', 'with ARP under another Ethernet address inside', arp({}, two)],
    ['unlisted', 'to the outside', datagram({ destination: '192.0.2.1' })],
    ['unlisted', 'to an address of the link that nobody has', datagram({ destination: '10.0.3.77' })],
    ['unlisted', 'to the address of one in a frame to another', datagram({ to: three })],
    ['unlisted', 'to one in a frame to everybody', datagram({ to: everybody })],
    ['protocol', 'as a redirect', icmp(5)],
    ['protocol', 'as a router', icmp(9)],
    ['ethertype', 'over IPv6', datagram({ source: 'fe80::1', destination: 'fe80::2' })],
    ['fragment', 'in fragments', Object.assign(Buffer.from(datagram()), { 20: 0x20 })],
    ['malformed', 'with half an ARP message', arp().subarray(0, 30)],
  ])('are refused as `%s` what they send %s', (reason, _, frame) => {
    expect(short(gate.from(0, frame))).toBe(reason)
    expect([short(gate.from(0, datagram())), short(gate.from(0, icmp(8)))]).toEqual([[1], [1]])
  })

  it('get their address from the switch, without a router or a resolver', () => {
    const payload = Buffer.alloc(240)
    payload.set([1, 1, 6, 0])
    payload.set(two, 28)
    payload.writeUInt32BE(0x6382_5363, 236)
    const discover = Buffer.concat([payload, Buffer.of(53, 1, 1, 255)])
    const sender = ends({ mac: two, source: '0.0.0.0', to: everybody, destination: '255.255.255.255' })
    const { to, frame } = gate.from(1, buildIpFrame({ ...sender, protocol: protocolNumber.udp, body: udpBody(68, 67, discover), checksumAt: 6 }))
    expect(to).toEqual([1])
    expect([...frame.subarray(42 + 16, 42 + 20)]).toEqual([10, 0, 3, 11])
    const codes: number[] = []
    for (let at = 42 + 240; frame[at] !== 255; at += 2 + frame.readUInt8(at + 1)) codes.push(frame.readUInt8(at))
    expect(codes).toEqual([53, 54, 51, 1])
  })

  it('are of different Ethernet addresses, not that of the switch', () => {
    expect(() => new LanGate([macs[0], macs[0]])).toThrow(RangeError)
    expect(() => new LanGate(['02:63:6d:00:00:01'])).toThrow(RangeError)
    expect(() => new LanGate([macs[0], macs[1]])).not.toThrow()
  })
})
