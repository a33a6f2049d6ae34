// SPDX-License-Identifier: Apache-2.0
//
// Services that the switch itself gives its guest, at the address of the gateway over IPv4: a port, and who takes its connections. Nothing of
// them reaches the host's network. A port that is no longer served, or is served by another, loses its connections before `setServices` returns.
import { randomInt } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { buildIpFrame, protocolNumber, tcpBody } from './build-packet.ts'
import type { Lan } from './lan.ts'
import { type Packet, tcpFlag } from './parse-packet.ts'
import { type Segment, TcpConnection } from './tcp-connection.ts'
import { refuseSegment } from './tcp-state.ts'

/** Takes one connection; it may end it at any time, and has to live with its end. */
export type Service = (connection: Duplex) => void
export type Services = ReadonlyMap<number, Service>

const MOST_CONNECTIONS = 64
/** Of Ethernet; and what a guest takes that names none (RFC 9293 3.7.1). */
const SEGMENT_BYTES = { most: 1460, unnamed: 536, least: 64 } as const

interface Live {
  readonly service: Service
  readonly connection: TcpConnection
}

export class TcpEndpoint {
  readonly #lan: Lan
  readonly #send: (frame: Buffer) => void
  readonly #live = new Map<string, Live>()
  #services: Services = new Map()

  constructor(lan: Lan, send: (frame: Buffer) => void) {
    this.#lan = lan
    this.#send = send
  }

  setServices(services: Services): void {
    this.#services = services
    for (const [key, { service, connection }] of [...this.#live]) if (services.get(portOf(key)) !== service) connection.destroy()
  }

  /** A segment of the guest to a port that is served. */
  take(packet: Packet): void {
    const segment = readSegment(packet)
    const key = `${packet.destinationPort} ${packet.sourcePort}`
    const live = this.#live.get(key)
    if (live !== undefined) {
      live.connection.hear(segment)
      return
    }
    const service = this.#services.get(packet.destinationPort)
    const begins = (segment.flags & (tcpFlag.syn | tcpFlag.ack | tcpFlag.rst)) === tcpFlag.syn
    if (service === undefined || !begins || this.#live.size >= MOST_CONNECTIONS) {
      const refused = refuseSegment(packet, this.#lan)
      if (refused !== null) this.#send(refused)
      return
    }
    const connection = new TcpConnection({
      first: segment,
      segmentBytes: segmentBytes(packet),
      initial: randomInt(2 ** 32),
      send: (answer) => this.#send(this.#frame(packet.destinationPort, packet.sourcePort, answer)),
      opened: service,
      over: () => this.#live.delete(key),
    })
    this.#live.set(key, { service, connection })
  }

  /** Ends every connection: the guest is told where it still listens. */
  close(): void {
    this.setServices(new Map())
  }

  #frame(port: number, guestPort: number, { flags, sequence, ack, window, payload }: Segment): Buffer {
    const header = tcpBody(port, guestPort, sequence, ack, flags)
    header.writeUInt16BE(window, 14)
    const greets = (flags & tcpFlag.syn) !== 0
    if (greets) header[12] = 0x60
    const { gatewayMac, guestMac, gateway, guest } = this.#lan
    return buildIpFrame({
      ...{ from: gatewayMac, to: guestMac, source: gateway, destination: guest, protocol: protocolNumber.tcp, checksumAt: 16 },
      body: Buffer.concat([header, greets ? Buffer.of(2, 4, SEGMENT_BYTES.most >> 8, SEGMENT_BYTES.most & 255) : payload]),
    })
  }
}

const portOf = (key: string): number => Number.parseInt(key, 10)

function readSegment({ frame, bodyAt, bodyEnd }: Packet): Segment {
  return {
    flags: frame.readUInt8(bodyAt + 13),
    sequence: frame.readUInt32BE(bodyAt + 4),
    ack: frame.readUInt32BE(bodyAt + 8),
    window: frame.readUInt16BE(bodyAt + 14),
    payload: frame.subarray(bodyAt + headerBytes(frame, bodyAt), bodyEnd),
  }
}

/** Checked when the packet was parsed: at least 20, and no more than there are. */
const headerBytes = (frame: Buffer, bodyAt: number): number => (frame.readUInt8(bodyAt + 12) >> 4) * 4

/** The option of a SYN (RFC 9293 3.2); kinds 0 and 1 have no length. */
function segmentBytes({ frame, bodyAt }: Packet): number {
  const end = bodyAt + headerBytes(frame, bodyAt)
  let at = bodyAt + 20
  while (at + 1 < end && frame[at] !== 0) {
    const length = frame[at] === 1 ? 1 : frame.readUInt8(at + 1)
    if (length < 1 || (frame[at] !== 1 && length < 2)) break
    if (frame[at] === 2 && length === 4 && at + 4 <= end)
      return Math.min(SEGMENT_BYTES.most, Math.max(SEGMENT_BYTES.least, frame.readUInt16BE(at + 2)))
    at += length
  }
  return SEGMENT_BYTES.unnamed
}
