// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { knownAddress } from './address.ts'
import { buildIpFrame, internetChecksum, protocolNumber, tcpBody, udpBody } from './build-packet.ts'
import { destinationOf, parsePacket, sourceOf } from './parse-packet.ts'

const mac = Uint8Array.of(2, 0, 0, 0, 0, 1)
function udp4(payload: Uint8Array = Buffer.from('hello')): Buffer {
  const ends = { from: mac, to: mac, source: knownAddress('10.0.2.15'), destination: knownAddress('192.0.2.1') }
  return buildIpFrame({ ...ends, protocol: protocolNumber.udp, body: udpBody(1000, 2000, payload), checksumAt: 6 })
}
function tcp6(): Buffer {
  const ends = { from: mac, to: mac, source: knownAddress('fd00::1'), destination: knownAddress('fd00::2') }
  return buildIpFrame({ ...ends, protocol: protocolNumber.tcp, body: tcpBody(1000, 2000, 7, null, 2), checksumAt: 16 })
}
/** `frame` with bytes replaced at an offset. */
function altered(frame: Buffer, at: number, ...bytes: number[]): Buffer {
  const copy = Buffer.from(frame)
  copy.set(bytes, at)
  return copy
}

describe('a packet', () => {
  it('of UDP over IPv4 is read with its ends and its body', () => {
    const frame = udp4()
    const packet = parsePacket(Buffer.concat([frame, Buffer.alloc(13)]))
    expect(packet).toMatchObject({ addressBytes: 4, protocol: 'udp', sourcePort: 1000, destinationPort: 2000, bodyAt: 34, bodyEnd: frame.length })
    if (typeof packet === 'string') throw new Error(packet)
    expect([[...sourceOf(packet)], [...destinationOf(packet)]]).toEqual([
      [10, 0, 2, 15],
      [192, 0, 2, 1],
    ])
  })

  it('of TCP over IPv6 is read with its ends and its body', () => {
    expect(parsePacket(tcp6())).toMatchObject({ addressBytes: 16, protocol: 'tcp', sourcePort: 1000, destinationPort: 2000, bodyAt: 54, bodyEnd: 74 })
  })

  it.each<[string, Buffer, string]>([
    ['more fragments to come', altered(udp4(), 20, 0x20, 0), 'fragment'],
    ['a fragment offset', altered(udp4(), 20, 0, 1), 'fragment'],
    ['the reserved bit', altered(udp4(), 20, 0x80, 0), 'malformed'],
    ['IP options', altered(udp4(), 14, 0x46), 'ip-options'],
    ['too short an IP header', altered(udp4(), 14, 0x44), 'malformed'],
    ['another IP version', altered(udp4(), 14, 0x65), 'malformed'],
    ['a length beyond the frame', altered(udp4(), 16, 0x40, 0), 'malformed'],
    ['a length below the header', altered(udp4(), 16, 0, 19), 'malformed'],
    ['another protocol', altered(udp4(), 23, 47), 'protocol'],
    ['ICMPv6 in IPv4', altered(udp4(), 23, 58), 'protocol'],
    ['a UDP length that is not its own', altered(udp4(), 38, 0, 12), 'malformed'],
    ['source port 0', altered(udp4(), 34, 0, 0), 'malformed'],
    ['destination port 0', altered(udp4(), 36, 0, 0), 'malformed'],
    ['an IPv6 fragment header', altered(tcp6(), 20, 44), 'fragment'],
    ['an IPv6 hop-by-hop header', altered(tcp6(), 20, 0), 'extension-header'],
    ['an IPv6 routing header', altered(tcp6(), 20, 43), 'extension-header'],
    ['ICMPv4 in IPv6', altered(tcp6(), 20, 1), 'protocol'],
    ['a TCP header beyond the segment', altered(tcp6(), 66, 0x60), 'malformed'],
    ['a TCP header too short', altered(tcp6(), 66, 0x40), 'malformed'],
    ['a payload length beyond the frame', altered(tcp6(), 18, 1, 0), 'malformed'],
    ['a VLAN tag', altered(udp4(), 12, 0x81, 0), 'ethertype'],
    ['nothing behind its Ethernet header', udp4().subarray(0, 14), 'malformed'],
  ])('with %s is refused', (_, frame, reason) => {
    expect(parsePacket(frame)).toBe(reason)
  })

  it('is read or refused, never more, whatever the bytes', () => {
    const start = fc.constantFrom('080045', '86dd60').map((text) => Buffer.from(`${'00'.repeat(12)}${text}`, 'hex'))
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 120 }), (head, rest) => {
        const frame = Buffer.concat([head, rest])
        const packet = parsePacket(frame)
        if (typeof packet === 'string') return
        expect(packet.bodyEnd).toBeLessThanOrEqual(frame.length)
        expect(packet.bodyEnd - packet.bodyAt).toBeGreaterThanOrEqual(8)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('a built packet', () => {
  it('adds up to zero over its header and over its body with the addresses', () => {
    const frame = udp4(Buffer.from('odd'))
    expect(internetChecksum(frame.subarray(14, 34))).toBe(0)
    const pseudo = Buffer.concat([frame.subarray(26, 34), Buffer.of(0, 17, 0, frame.length - 34)])
    expect(internetChecksum(Buffer.concat([pseudo, frame.subarray(34)]))).toBe(0)
  })

  it('matches a checksum worked out elsewhere (RFC 1071 section 3)', () => {
    expect(internetChecksum(Buffer.from('0001f203f4f5f6f7', 'hex'))).toBe(0x220d)
  })
})
