// SPDX-License-Identifier: Apache-2.0
//
// A guest made of raw Ethernet frames: as much TCP and UDP as it takes to see whether somebody answers.
import { connect, type Socket } from 'node:net'
import { formatAddress, knownAddress } from '../../src/network/address.ts'
import { buildIpFrame, protocolNumber, tcpBody, udpBody } from '../../src/network/build-packet.ts'
import { FrameReader, frameHeader } from '../../src/network/frame-stream.ts'
import { lanFor } from '../../src/network/lan.ts'
import { destinationOf, type Packet, parsePacket, sourceOf, tcpFlag } from '../../src/network/parse-packet.ts'

export const MAC = '52:54:00:12:34:56'
export const lan = lanFor(MAC)
export const GUEST6 = 'fd63:6d00:6361:7365::15'

export class ScriptedGuest {
  readonly #socket: Socket
  readonly #frames: Buffer[] = []
  #changed = Promise.withResolvers<void>()
  #port = 40_000

  constructor(socketPath: string) {
    const reader = new FrameReader()
    this.#socket = connect(socketPath)
    this.#socket.on('data', (chunk: Buffer) => {
      this.#frames.push(...reader.push(chunk))
      this.#notify()
    })
    this.#socket.on('close', () => this.#notify())
  }

  send(frame: Buffer): void {
    this.#socket.write(Buffer.concat([frameHeader(frame), frame]))
  }

  /** Takes the first frame, past or to come, that `wanted` holds for. */
  async receive(wanted: (frame: Buffer) => boolean): Promise<Buffer> {
    for (;;) {
      const index = this.#frames.findIndex(wanted)
      const [frame] = index === -1 ? [] : this.#frames.splice(index, 1)
      if (frame !== undefined) return frame
      if (this.#socket.destroyed) throw new Error('the switch closed the link')
      await this.#changed.promise
    }
  }

  /** Opens a TCP connection up to the answer to its SYN. */
  async knock(address: string, port = 8080): Promise<'open' | 'reset'> {
    return (await this.open(address, port)).answer
  }

  async open(address: string, port = 8080): Promise<{ readonly answer: 'open' | 'reset'; readonly connection: Connection }> {
    const connection = { address, port, guestPort: this.#port++, sequence: 1000, expects: 0 }
    this.send(tcpFrame(connection, tcpFlag.syn, null))
    const reply = await this.receive((frame) => answers(frame, connection))
    const flags = reply.readUInt8(flagsAt(reply))
    if ((flags & tcpFlag.rst) !== 0) return { answer: 'reset', connection }
    const opened = { ...connection, sequence: 1001, expects: (reply.readUInt32BE(flagsAt(reply) - 9) + 1) >>> 0 }
    this.send(tcpFrame(opened, tcpFlag.ack, opened.expects))
    return { answer: 'open', connection: opened }
  }

  sendDatagram(address: string, text: string, port = 8080): number {
    const guestPort = this.#port++
    this.send(ipFrame(address, protocolNumber.udp, udpBody(guestPort, port, Buffer.from(text)), 6))
    return guestPort
  }

  /** A datagram and its echo. */
  async exchange(address: string, text: string, port = 8080): Promise<string> {
    return String(await this.#answerTo(this.sendDatagram(address, text, port)))
  }

  async #ask(server: string, message: Buffer): Promise<Buffer> {
    const guestPort = this.#port++
    this.send(ipFrame(server, protocolNumber.udp, udpBody(guestPort, 53, message), 6))
    return this.#answerTo(guestPort)
  }

  async #answerTo(guestPort: number): Promise<Buffer> {
    const reply = await this.receive((frame) => {
      const packet = parsePacket(frame)
      return typeof packet !== 'string' && packet.protocol === 'udp' && packet.destinationPort === guestPort
    })
    const packet = parsed(reply)
    return reply.subarray(packet.bodyAt + 8, packet.bodyEnd)
  }

  /** Asks the switch, or another server, for a name; code and addresses of the answer. */
  async resolve(name: string, type = 1, server = '10.0.2.2'): Promise<{ readonly code: number; readonly addresses: readonly string[] }> {
    const labels = name.split('.').map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label)]))
    const question = Buffer.concat([Buffer.from('123401000001000000000000', 'hex'), ...labels, Buffer.of(0, 0, type, 0, 1)])
    const message = await this.#ask(server, question)
    const bytes = type === 28 ? 16 : 4
    const addresses = Array.from({ length: message.readUInt16BE(6) }, (_, index) => {
      const end = question.length + (index + 1) * (12 + bytes)
      return formatAddress(message.subarray(end - bytes, end))
    })
    return { code: message.readUInt8(3) & 15, addresses }
  }

  close(): void {
    this.#socket.destroy()
  }

  #notify(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers<void>()
  }
}

export interface Connection {
  readonly address: string
  readonly port: number
  readonly guestPort: number
  readonly sequence: number
  readonly expects: number
}

export function tcpFrame(connection: Connection, flags: number, ack: number | null): Buffer {
  return ipFrame(connection.address, protocolNumber.tcp, tcpBody(connection.guestPort, connection.port, connection.sequence, ack, flags), 16)
}

/** A frame of the guest to `address`, from its own address of that family unless told. */
export function ipFrame(
  address: string,
  protocol: number,
  body: Buffer,
  checksumAt: number,
  source = address.includes(':') ? GUEST6 : '10.0.2.15',
): Buffer {
  const ends = { from: lan.guestMac, to: lan.gatewayMac, source: knownAddress(source), destination: knownAddress(address) }
  return buildIpFrame({ ...ends, protocol, body, checksumAt })
}

/** `frame` answers `connection`. */
export function answers(frame: Buffer, connection: Connection): boolean {
  const packet = parsePacket(frame)
  if (typeof packet === 'string' || packet.protocol !== 'tcp') return false
  const fromThere = Buffer.compare(sourceOf(packet), knownAddress(connection.address)) === 0
  return fromThere && packet.sourcePort === connection.port && packet.destinationPort === connection.guestPort
}

export function isReset(frame: Buffer): boolean {
  return (frame.readUInt8(flagsAt(frame)) & tcpFlag.rst) !== 0
}

export function parsed(frame: Buffer): Packet {
  const packet = parsePacket(frame)
  if (typeof packet === 'string') throw new Error(`a frame that is \`${packet}\``)
  return packet
}

function flagsAt(frame: Buffer): number {
  return parsed(frame).bodyAt + 13
}

export { destinationOf }
