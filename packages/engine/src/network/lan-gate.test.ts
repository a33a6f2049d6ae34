// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { formatAddress, knownAddress } from './address.ts'
import { buildIpFrame, protocolNumber, udpBody } from './build-packet.ts'
import { knownMac } from './lan.ts'
import { LanGate, type LanOutcome } from './lan-gate.ts'

const macs = ['52:54:00:00:00:01', '52:54:00:00:00:02', '52:54:00:00:00:03'] as const
const [one, two, three] = [knownMac(macs[0]), knownMac(macs[1]), knownMac(macs[2])] as const
const [first, second, third] = macs.map((mac) => new LanGate(mac).address) as [string, string, string]
const everybody = new Uint8Array(6).fill(255)
/** That of the first one. */
const gate = joined(macs[0], macs[1], macs[2])

function joined(own: string, ...others: readonly string[]): LanGate {
  const made = new LanGate(own)
  for (const other of others) expect(made.join(other)).toBeNull()
  return made
}

interface Shape {
  readonly mac?: Uint8Array
  readonly source?: string
  readonly to?: Uint8Array
  readonly destination?: string
}
const ends = ({ mac = one, source = first, to = two, destination = second }: Shape) => ({
  from: mac,
  to,
  source: knownAddress(source),
  destination: knownAddress(destination),
})
const datagram = (shape: Shape = {}, port = 9) =>
  buildIpFrame({ ...ends(shape), protocol: protocolNumber.udp, body: udpBody(9, port, Buffer.from('x')), checksumAt: 6 })
const icmp = (type: number) => buildIpFrame({ ...ends({}), protocol: protocolNumber.icmp, body: Buffer.of(type, 0, 0, 0, 0, 1, 0, 1), checksumAt: 2 })
function arp({ mac = one, source = first, to = everybody, destination = second }: Shape = {}, inside = mac): Buffer {
  const head = Buffer.from('08060001080006040001', 'hex')
  return Buffer.concat([to, mac, head, inside, knownAddress(source), Buffer.alloc(6), knownAddress(destination)])
}
const back: Shape = { mac: two, source: second, to: one, destination: first }
const short = ({ to, refusal }: LanOutcome) => refusal?.reason ?? to

const forbidden: readonly [string, string, Buffer][] = [
  ['spoofed', 'under the Ethernet address of another one', datagram({ mac: two })],
  ['spoofed', 'under the IP address of another one', datagram({ source: third })],
  ['spoofed', 'under an address of elsewhere', datagram({ source: '192.0.2.1' })],
  ['spoofed', 'with ARP for the address of another one', arp({ source: third })],
  ['spoofed', 'with ARP for the address of the switch', arp({ source: '10.64.0.1' })],
  ['spoofed', 'with ARP under another Ethernet address inside', arp({}, two)],
  ['unlisted', 'to the outside', datagram({ destination: '192.0.2.1' })],
  ['unlisted', 'to an address of the network that nobody has', datagram({ destination: '10.64.9.9' })],
  ['unlisted', 'to the address of one in a frame to another', datagram({ to: three })],
  ['unlisted', 'to one in a frame to everybody', datagram({ to: everybody })],
  ['protocol', 'as a redirect', icmp(5)],
  ['protocol', 'as a router', icmp(9)],
  ['ethertype', 'over IPv6, as a router that tells of itself', datagram({ source: 'fe80::1', destination: 'ff02::1' })],
  ['fragment', 'in fragments', Object.assign(Buffer.from(datagram()), { 20: 0x20 })],
  ['malformed', 'with half an ARP message', arp().subarray(0, 30)],
]

describe('a guest on an isolated network', () => {
  it('is heard by those that it means, or by everybody, and not by itself', () => {
    expect(short(gate.fromGuest(datagram()))).toEqual([macs[1]])
    expect(short(gate.fromGuest(datagram({ to: three, destination: third })))).toEqual([macs[2]])
    expect(short(gate.fromGuest(datagram({ to: everybody, destination: '10.127.255.255' })))).toEqual([macs[1], macs[2]])
    expect(short(gate.fromGuest(arp()))).toEqual([macs[1], macs[2]])
    expect(short(gate.fromGuest(arp({ source: '0.0.0.0' })))).toEqual([macs[1], macs[2]])
    expect(short(gate.fromGuest(datagram({ to: one, destination: first })))).toBe('unlisted')
  })

  it.each(forbidden)('is refused as `%s` what it sends %s', (reason, _, frame) => {
    expect(short(gate.fromGuest(frame))).toBe(reason)
    expect([short(gate.fromGuest(datagram())), short(gate.fromGuest(icmp(8)))]).toEqual([[macs[1]], [macs[1]]])
  })

  it('hears a neighbour that means it, and not one that means another', () => {
    for (const frame of [datagram(back), arp({ ...back, to: everybody }), datagram({ ...back, to: everybody, destination: '255.255.255.255' })]) {
      expect(gate.fromNeighbour(macs[1], frame)).toEqual(frame)
    }
    expect(gate.fromNeighbour(macs[1], datagram({ ...back, to: three, destination: third }))).toBe('unlisted')
  })

  it.each(forbidden.filter(([reason]) => reason !== 'unlisted'))(
    'does not hear as `%s` what a neighbour whose own gate failed sends %s',
    (reason, _, frame) => {
      // The second one has the first one as its neighbour.
      const hearing = joined(macs[1], macs[0], macs[2])
      expect(hearing.fromNeighbour(macs[0], frame)).toBe(reason)
      expect(hearing.fromNeighbour(macs[0], datagram())).toEqual(datagram())
    },
  )

  it('hears nothing more of one that has left, and reaches it no more', () => {
    const left = joined(macs[0], macs[1], macs[2])
    left.leave(macs[1])
    expect([left.fromNeighbour(macs[1], datagram(back)), short(left.fromGuest(datagram()))]).toEqual(['spoofed', 'unlisted'])
    expect(short(left.fromGuest(datagram({ to: three, destination: third })))).toEqual([macs[2]])
  })

  it('gets its address from the switch, the same at any time, without a router or a resolver, and never that of another', () => {
    const discover = (mac: Uint8Array) => {
      const payload = Buffer.alloc(240)
      payload.set([1, 1, 6, 0])
      payload.set(mac, 28)
      payload.writeUInt32BE(0x6382_5363, 236)
      const sender = ends({ source: '0.0.0.0', to: everybody, destination: '255.255.255.255' })
      const body = udpBody(68, 67, Buffer.concat([payload, Buffer.of(53, 1, 1, 255)]))
      return buildIpFrame({ ...sender, protocol: protocolNumber.udp, body, checksumAt: 6 })
    }
    const { to, toGuest } = gate.fromGuest(discover(one))
    if (toGuest === null) throw new Error('no answer')
    expect([to, formatAddress(toGuest.subarray(42 + 16, 42 + 20))]).toEqual([[], first])
    const codes: number[] = []
    for (let at = 42 + 240; toGuest[at] !== 255; at += 2 + toGuest.readUInt8(at + 1)) codes.push(toGuest.readUInt8(at))
    expect(codes).toEqual([53, 54, 51, 1])
    expect(short(gate.fromGuest(discover(two)))).toBe('spoofed')
    expect(new LanGate(macs[0]).address).toBe(gate.address)
    expect(new LanGate(macs[1]).fromNeighbour(macs[0], discover(one))).toBe('spoofed')
    expect(joined(macs[1], macs[0]).fromNeighbour(macs[0], discover(one))).toBe('unlisted')
  })

  it('shares it with others of other addresses, and with at most 15', () => {
    const mac = (index: number) => `52:54:00:00:${(index >> 8).toString(16).padStart(2, '0')}:${(index & 255).toString(16).padStart(2, '0')}`
    const full = new LanGate(mac(0))
    expect(full.join(mac(0))).toBe('its Ethernet address is taken')
    for (let index = 1; index < 16; index++) expect(full.join(mac(index))).toBeNull()
    expect(full.join(mac(16))).toBe('there are 16 already')
    full.leave(mac(3))
    expect(full.join(mac(16))).toBeNull()
    expect(() => new LanGate('02:63:6d:00:00:01')).toThrow(RangeError)
    // Of some thousands of addresses two fall on one.
    const seen = new Map<string, string>()
    for (let index = 0; ; index++) {
      const { address } = new LanGate(mac(index))
      const same = seen.get(address)
      if (same !== undefined) {
        expect(new LanGate(same).join(mac(index))).toBe('its address is taken')
        break
      }
      seen.set(address, mac(index))
    }
  })
})
