// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { buildIpFrame, protocolNumber, tcpBody } from './build-packet.ts'
import { lanFor } from './lan.ts'
import { parsePacket, tcpFlag } from './parse-packet.ts'
import { TcpEndpoint } from './tcp-endpoint.ts'

const lan = lanFor('52:54:00:12:34:56')
const { syn, ack, fin, rst } = tcpFlag

/** A guest that sends what it is told and keeps what it is sent. */
class Guest {
  readonly heard: { flags: number; sequence: number; ack: number; window: number; payload: string }[] = []
  readonly endpoint = new TcpEndpoint(lan, (frame) => this.#hear(frame))
  next = 1000
  expects = 0
  window = 65_535
  readonly #port: number

  constructor(port = 40_000) {
    this.#port = port
  }

  say(flags: number, payload = '', sequence = this.next): void {
    const header = tcpBody(this.#port, 9100, sequence, this.expects, flags)
    if ((flags & ack) === 0) header[13] = flags
    header.writeUInt16BE(this.window, 14)
    const body = Buffer.concat([header, Buffer.from(payload)])
    const { guestMac, gatewayMac, guest, gateway } = lan
    const frame = buildIpFrame({
      ...{ from: guestMac, to: gatewayMac, source: guest, destination: gateway, protocol: protocolNumber.tcp, checksumAt: 16 },
      body,
    })
    const packet = parsePacket(frame)
    if (typeof packet === 'string') throw new Error(packet)
    this.endpoint.take(packet)
  }

  connect(): void {
    this.say(syn)
    this.next += 1
    this.expects = ((this.heard.at(-1)?.sequence ?? 0) + 1) >>> 0
    this.say(ack)
  }

  send(payload: string): void {
    this.say(ack, payload)
    this.next += payload.length
  }

  #hear(frame: Buffer): void {
    const packet = parsePacket(frame)
    if (typeof packet === 'string') throw new Error(packet)
    const { bodyAt, bodyEnd } = packet
    const payload = frame.subarray(bodyAt + (frame.readUInt8(bodyAt + 12) >> 4) * 4, bodyEnd).toString()
    const [flags, window] = [frame.readUInt8(bodyAt + 13) & (syn | ack | fin | rst), frame.readUInt16BE(bodyAt + 14)]
    this.heard.push({ flags, sequence: frame.readUInt32BE(bodyAt + 4), ack: frame.readUInt32BE(bodyAt + 8), window, payload })
  }
}

describe('a service of the switch', () => {
  let guest: Guest
  let served: Duplex[]
  const service = (connection: Duplex) => void served.push(connection)
  const only = () => served[0] as Duplex
  const last = () => guest.heard.at(-1)

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    served = []
    guest = new Guest()
    guest.endpoint.setServices(new Map([[9100, service]]))
  })
  afterEach(() => {
    guest.endpoint.close()
    vi.useRealTimers()
  })

  it('hears what the guest sends once, in its order, whatever comes twice or too early', async () => {
    guest.connect()
    let heard = ''
    only().on('data', (bytes: Buffer) => {
      heard += bytes.toString()
    })
    guest.send('one ')
    guest.say(ack, 'three', guest.next + 4)
    expect(last()?.ack).toBe(guest.next)
    guest.say(ack, 'one ', guest.next - 4)
    guest.say(ack, 'e two ', guest.next - 2)
    guest.next += 4
    guest.say(fin | ack, 'end')
    guest.next += 4
    await turn()
    expect(heard).toBe('one two end')
    expect(last()?.ack).toBe(guest.next)
  })

  it('is heard whole by a guest that loses a segment or has no room for a while', async () => {
    guest.connect()
    guest.window = 10
    guest.say(ack)
    only().write('0123456789abcdef')
    await turn()
    expect(last()?.payload).toBe('0123456789')
    vi.advanceTimersByTime(500)
    expect(guest.heard.filter(({ payload }) => payload === '0123456789')).toHaveLength(2)
    guest.expects += 10
    guest.window = 0
    guest.say(ack)
    const before = guest.heard.length
    vi.advanceTimersByTime(500)
    expect(guest.heard.slice(before).map(({ payload }) => payload)).toEqual(['a'])
    guest.window = 100
    guest.say(ack)
    guest.expects += 6
    guest.say(ack)
    only().end()
    await turn()
    expect(last()).toMatchObject({ flags: fin | ack, sequence: guest.expects })
  })

  it('has no more from the guest than it has room for, and asks for more once it has', () => {
    guest.connect()
    for (let count = 0; count < 80; count++) guest.send('x'.repeat(1000))
    expect(only().readableLength).toBe(65_535)
    expect(last()?.window).toBe(0)
    const before = guest.heard.length
    only().read()
    expect(guest.heard.slice(before)).toMatchObject([{ flags: ack, window: 65_535 }])
  })

  it('loses its connections at once where the port is served no more, or by another', () => {
    guest.connect()
    guest.endpoint.setServices(new Map([[9100, service]]))
    expect(only().destroyed).toBe(false)
    guest.endpoint.setServices(new Map([[9100, (connection: Duplex) => service(connection)]]))
    expect(only().destroyed).toBe(true)
    expect(last()?.flags).toBe(rst | ack)
    guest.endpoint.setServices(new Map())
    guest.say(ack, 'more')
    expect(last()?.flags).toBe(rst)
    expect(served).toHaveLength(1)
  })

  it('forgets a guest that is silent before it is connected, and one that never acknowledges', () => {
    guest.say(syn)
    vi.advanceTimersByTime(500_000)
    expect(served).toHaveLength(0)
    expect(last()?.flags).toBe(rst | ack)
    guest.next += 100
    guest.connect()
    only().write('unheard')
    vi.advanceTimersByTime(500_000)
    expect(only().destroyed).toBe(true)
  })

  it('is not ended by a reset from elsewhere, and is by one of its own', () => {
    guest.connect()
    guest.say(rst, '', guest.next - 5)
    expect(only().destroyed).toBe(false)
    guest.say(rst)
    expect(only().destroyed).toBe(true)
  })

  it('answers one that begins anew on the same port with what it expects, and takes it once the guest has reset the old one', () => {
    guest.connect()
    guest.say(syn, '', 70_000)
    expect(last()).toMatchObject({ flags: ack, ack: guest.next })
    expect(served).toHaveLength(1)
    // As a guest does that knows of no such connection (RFC 9293 3.5.2).
    guest.say(rst, '', last()?.ack)
    expect(only().destroyed).toBe(true)
    guest.next = 70_000
    guest.connect()
    expect(served).toHaveLength(2)
  })

  it('sends again in its own time, however often the guest speaks meanwhile', async () => {
    guest.connect()
    only().write('once')
    await turn()
    const sent = () => guest.heard.filter(({ payload }) => payload === 'once').length
    expect(sent()).toBe(1)
    for (let count = 0; count < 5; count += 1) {
      await vi.advanceTimersByTimeAsync(100)
      guest.send('word')
    }
    expect(sent()).toBe(2)
  })
})
