// SPDX-License-Identifier: Apache-2.0
//
// As much of a TCP connection (RFC 9293) as it takes to forget it in time and to end it for both sides when it is no longer allowed.
import { buildIpFrame, protocolNumber, tcpBody } from './build-packet.ts'
import type { Flow } from './flow-table.ts'
import type { Lan } from './lan.ts'
import { destinationOf, type Packet, sourceOf, tcpFlag } from './parse-packet.ts'

export class TcpState {
  phase: 'opening' | 'established' | 'closed' = 'opening'
  /** The sequence number that the guest sends next, and the one that it expects next; null: none known. */
  guestNext = 0
  guestExpects: number | null = null
  #guestDone = false
  #remoteDone = false

  seenFromGuest(packet: Packet): void {
    const segment = readSegment(packet)
    if ((segment.flags & tcpFlag.syn) !== 0) this.#restart()
    this.guestNext = segment.next
    if ((segment.flags & tcpFlag.ack) !== 0) this.guestExpects ??= segment.ack
    this.#guestDone ||= (segment.flags & tcpFlag.fin) !== 0
    this.#close(segment.flags)
  }

  seenFromRemote(packet: Packet): void {
    const segment = readSegment(packet)
    if (this.phase === 'opening') this.phase = 'established'
    // Compared as serial numbers: they wrap around.
    if (this.guestExpects === null || ((segment.next - this.guestExpects) | 0) > 0) this.guestExpects = segment.next
    this.#remoteDone ||= (segment.flags & tcpFlag.fin) !== 0
    this.#close(segment.flags)
  }

  /** The same ports may be used again for another connection. */
  #restart(): void {
    this.phase = 'opening'
    this.guestExpects = null
    this.#guestDone = false
    this.#remoteDone = false
  }

  #close(flags: number): void {
    if ((flags & tcpFlag.rst) !== 0 || (this.#guestDone && this.#remoteDone)) this.phase = 'closed'
  }
}

interface Segment {
  readonly flags: number
  readonly sequence: number
  readonly ack: number
  /** The sequence number behind this segment. */
  readonly next: number
}

function readSegment({ frame, bodyAt, bodyEnd }: Packet): Segment {
  const flags = frame.readUInt8(bodyAt + 13)
  const sequence = frame.readUInt32BE(bodyAt + 4)
  const data = bodyEnd - bodyAt - (frame.readUInt8(bodyAt + 12) >> 4) * 4
  const marks = (flags & tcpFlag.syn ? 1 : 0) + (flags & tcpFlag.fin ? 1 : 0)
  return { flags, sequence, ack: frame.readUInt32BE(bodyAt + 8), next: (sequence + data + marks) >>> 0 }
}

/** What a closed port would answer to a segment of the guest (RFC 9293 3.10.7.1); null for a reset, which is never answered. */
export function refuseSegment(packet: Packet, lan: Lan): Buffer | null {
  const { flags, ack, next } = readSegment(packet)
  if ((flags & tcpFlag.rst) !== 0) return null
  const [sequence, acknowledged] = (flags & tcpFlag.ack) !== 0 ? [ack, null] : [0, next]
  return buildIpFrame({
    from: lan.gatewayMac,
    to: lan.guestMac,
    source: destinationOf(packet),
    destination: sourceOf(packet),
    protocol: protocolNumber.tcp,
    body: tcpBody(packet.destinationPort, packet.sourcePort, sequence, acknowledged, tcpFlag.rst),
    checksumAt: 16,
  })
}

/** Ends `flow` towards the guest and towards the uplink. Empty where it is not TCP or over. */
export function resetFlow(flow: Flow, lan: Lan): { readonly toGuest: Buffer | null; readonly toUplink: Buffer | null } {
  const { tcp, destination, guest, guestPort } = flow
  if (tcp === null || tcp.phase === 'closed') return { toGuest: null, toUplink: null }
  const reset = { protocol: protocolNumber.tcp, checksumAt: 16 }
  const outward = tcpBody(guestPort, destination.port, tcp.guestNext, tcp.guestExpects, tcpFlag.rst)
  const toUplink = buildIpFrame({ ...reset, from: lan.guestMac, to: lan.gatewayMac, source: guest, destination: destination.address, body: outward })
  if (tcp.guestExpects === null) {
    // Nothing came back yet: only a segment that acknowledges the guest's SYN ends the attempt.
    const early = tcpBody(destination.port, guestPort, 0, tcp.guestNext, tcpFlag.rst)
    return {
      toUplink,
      toGuest: buildIpFrame({ ...reset, from: lan.gatewayMac, to: lan.guestMac, source: destination.address, destination: guest, body: early }),
    }
  }
  const inward = tcpBody(destination.port, guestPort, tcp.guestExpects, tcp.guestNext, tcpFlag.rst)
  return {
    toUplink,
    toGuest: buildIpFrame({ ...reset, from: lan.gatewayMac, to: lan.guestMac, source: destination.address, destination: guest, body: inward }),
  }
}
