// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { EngineError } from '../../src/error.ts'
import { ByteReader } from '../../src/nbd/byte-reader.ts'
import type { Frame, FrameSource, InputEvent } from '../../src/rfb/frame-source.ts'
import { encodePixelFormat } from '../../src/rfb/pixel-format.ts'
import { type RfbServer, startRfbServer } from '../../src/rfb/server.ts'
import { RfbProbe } from './rfb-probe.ts'

const RAW = 0
const DESKTOP_SIZE = -223
const EXTENDED_KEYS = -258

/** A picture that tests paint into. */
class Canvas implements FrameSource {
  frame: Frame = { width: 200, height: 100, pixels: new Uint8Array(200 * 100 * 4) }
  captures = 0
  private touched = false

  paint(x: number, y: number, colour: readonly [number, number, number]): void {
    this.frame.pixels.set(colour, (y * this.frame.width + x) * 4)
    this.touched = true
  }

  resize(width: number, height: number): void {
    this.frame = { width, height, pixels: new Uint8Array(width * height * 4) }
    this.touched = true
  }

  capture(): ReturnType<FrameSource['capture']> {
    this.captures++
    const changed = this.touched ? { from: 0, until: this.frame.height } : null
    this.touched = false
    return { frame: this.frame, changed }
  }
}

let root: string
let counter = 0
const open: RfbServer[] = []

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'rfb-'))
})
afterAll(async () => {
  await Promise.all(open.map((server) => server.close()))
  await rm(root, { recursive: true })
})

async function serve() {
  const canvas = new Canvas()
  const inputs: InputEvent[] = []
  const gone: EngineError[] = []
  const socket = join(root, `display-${counter++}.sock`)
  const server = await startRfbServer({
    socket,
    name: 'a desktop',
    source: canvas,
    framesPerSecond: 200,
    onInput: (event) => inputs.push(event),
    onClientGone: (reason) => gone.push(reason),
  })
  open.push(server)
  return { canvas, inputs, gone, socket, server }
}

describe('the picture', () => {
  it('arrives whole, then only what changed', async () => {
    const { canvas, socket } = await serve()
    canvas.paint(3, 2, [10, 20, 30])
    const probe = await RfbProbe.open(socket)
    expect([probe.width, probe.height, probe.name]).toEqual([200, 100, 'a desktop'])
    probe.encodings(RAW, DESKTOP_SIZE)
    probe.request(false)
    const whole = await probe.update()
    expect(whole.rects.reduce((area, rect) => area + rect.width * rect.height, 0)).toBe(200 * 100)
    expect(whole.rects.every((rect) => rect.encoding === RAW)).toBe(true)
    expect([...probe.pixel(3, 2)].slice(0, 3)).toEqual([10, 20, 30])
    probe.request(true)
    canvas.paint(150, 70, [1, 2, 3])
    expect((await probe.update()).rects).toEqual([{ x: 128, y: 64, width: 64, height: 36, encoding: RAW }])
    expect([...probe.pixel(150, 70)].slice(0, 3)).toEqual([1, 2, 3])
    probe.close()
  })

  it('reaches every client, each in its own format and time', async () => {
    const { canvas, socket, server } = await serve()
    const [first, second] = await Promise.all([RfbProbe.open(socket), RfbProbe.open(socket)])
    expect(server.clients).toBe(2)
    const format = Buffer.concat([
      Buffer.from([0, 0, 0, 0]),
      encodePixelFormat({ bitsPerPixel: 16, depth: 16, bigEndian: false, max: [31, 63, 31], shift: [11, 5, 0] }),
    ])
    second.socket.write(format)
    second.bytesPerPixel = 2
    second.pixels = Buffer.alloc(200 * 100 * 2)
    canvas.paint(0, 0, [255, 0, 0])
    first.request(false)
    await first.update()
    second.request(false)
    await second.update()
    expect([...first.pixel(0, 0)].slice(0, 3)).toEqual([255, 0, 0])
    expect(second.pixel(0, 0).toString('hex')).toBe('00f8')
    first.close()
    await vi.waitFor(() => expect(server.clients).toBe(1))
    second.close()
  })

  it('is not looked at while nobody waits for it', async () => {
    const { canvas, socket } = await serve()
    const probe = await RfbProbe.open(socket)
    probe.request(false)
    await probe.update()
    const before = canvas.captures
    canvas.paint(0, 0, [9, 9, 9])
    probe.socket.write(Buffer.from([6, 0, 0, 0, 0, 0, 0, 0]))
    await vi.waitFor(() => expect(probe.socket.bytesWritten).toBeGreaterThan(0))
    expect(canvas.captures).toBe(before)
    probe.request(true)
    await probe.update()
    expect(canvas.captures).toBeGreaterThan(before)
    probe.close()
  })

  it('changes its size for a client that understands, and ends one that does not', async () => {
    const { canvas, socket, gone } = await serve()
    const [knowing, other] = await Promise.all([RfbProbe.open(socket), RfbProbe.open(socket)])
    knowing.encodings(RAW, DESKTOP_SIZE)
    for (const probe of [knowing, other]) {
      probe.request(false)
      await probe.update()
      probe.request(true)
    }
    const ended = once(other.socket, 'close')
    canvas.resize(64, 64)
    const update = await knowing.update()
    expect(update.rects[0]).toEqual({ x: 0, y: 0, width: 64, height: 64, encoding: DESKTOP_SIZE })
    expect(update.rects[1]).toEqual({ x: 0, y: 0, width: 64, height: 64, encoding: RAW })
    await ended
    await vi.waitFor(() => expect(gone).toHaveLength(1))
    knowing.close()
  })

  it('costs no more for a client that does not read than one update', async () => {
    const { canvas, socket } = await serve()
    canvas.resize(2000, 1500)
    const slow = await RfbProbe.open(socket)
    const brisk = await RfbProbe.open(socket)
    slow.socket.pause()
    slow.request(false)
    for (let round = 0; round < 30; round++) {
      slow.request(true)
      canvas.paint(round, 0, [round + 1, 0, 0])
      brisk.encodings(RAW)
      brisk.request(round > 0)
      await brisk.update()
    }
    slow.socket.resume()
    await slow.update()
    const second = await slow.update()
    expect(second.rects).toHaveLength(1)
    expect([...slow.pixel(29, 0)].slice(0, 1)).toEqual([30])
    slow.close()
    brisk.close()
  })
})

describe('input', () => {
  it('arrives as scan codes, pointer positions within the picture, and text', async () => {
    const { socket, inputs } = await serve()
    const probe = await RfbProbe.open(socket)
    probe.encodings(RAW, EXTENDED_KEYS)
    probe.request(false)
    expect((await probe.update()).rects[0]?.encoding).toBe(EXTENDED_KEYS)
    probe.socket.write(Buffer.from([255, 0, 0, 1, 0, 0, 0xff, 0xe4, 0, 0, 0, 0x9d]))
    probe.socket.write(Buffer.from([255, 0, 0, 0, 0, 0, 0, 0x61, 0, 0, 0, 0]))
    probe.socket.write(Buffer.from([4, 1, 0, 0, 0, 0, 0, 0x61]))
    probe.socket.write(Buffer.from([5, 3, 0x0f, 0xff, 0, 7]))
    probe.socket.write(Buffer.concat([Buffer.from([6, 0, 0, 0, 0, 0, 0, 4]), Buffer.from('caf\u00e9', 'latin1')]))
    await vi.waitFor(() => expect(inputs).toHaveLength(5))
    expect(inputs).toEqual([
      { kind: 'scancodes', bytes: [0xe0, 0x1d] },
      { kind: 'scancodes', bytes: [0x9e] },
      { kind: 'scancodes', bytes: [0x1e] },
      { kind: 'pointer', x: 199, y: 7, buttons: 3 },
      { kind: 'cut-text', text: 'caf\u00e9' },
    ])
    probe.close()
  })
})

describe('a client that breaks the protocol', () => {
  const text = (length: number) => Buffer.from([6, 0, 0, 0, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255])
  const encodings = (count: number) => Buffer.from([2, 0, count >> 8, count & 255])
  it.each<[string, Buffer]>([
    ['an unknown message', Buffer.from([77])],
    ['an unknown message of QEMU', Buffer.from([255, 1, ...Array(10).fill(0)])],
    ['cut text of over 1 MiB', text(1024 * 1024 + 1)],
    ['over 1024 encodings', encodings(1025)],
    ['a colour map', Buffer.concat([Buffer.from([0, 0, 0, 0, 8, 8, 0, 0]), Buffer.alloc(12)])],
  ])('is put out for %s, and another stays', async (_name, message) => {
    const { socket, gone, server } = await serve()
    const [bad, good] = await Promise.all([RfbProbe.open(socket), RfbProbe.open(socket)])
    const ended = once(bad.socket, 'close')
    bad.socket.resume()
    bad.socket.write(message)
    await ended
    await vi.waitFor(() => expect(gone).toMatchObject([{ code: 'rfb-protocol' }]))
    expect(server.clients).toBe(1)
    good.request(false)
    expect((await good.update()).rects.length).toBeGreaterThan(0)
    good.close()
  })

  it.each<[string, Buffer[]]>([
    ['another version', [Buffer.from('RFB 003.003\n')]],
    ['another security type', [Buffer.from('RFB 003.008\n'), Buffer.from([2])]],
  ])('is put out for %s', async (_name, messages) => {
    const { socket, gone } = await serve()
    const client = connect(socket)
    const ended = once(client, 'close')
    client.resume()
    for (const message of messages) client.write(message)
    await ended
    await vi.waitFor(() => expect(gone).toMatchObject([{ code: 'rfb-protocol' }]))
  })

  it('is one of at most 16 clients', async () => {
    const { socket, server } = await serve()
    const probes = await Promise.all(Array.from({ length: 16 }, () => RfbProbe.open(socket)))
    await expect(RfbProbe.open(socket)).rejects.toThrow('the server closed')
    probes[0]?.close()
    await vi.waitFor(() => expect(server.clients).toBe(15))
    probes.push(await RfbProbe.open(socket))
    for (const probe of probes) probe.close()
  })
})

it('greets with version 3.8, security None and the format of its pixels', async () => {
  const { socket } = await serve()
  const client = connect(socket)
  const reader = new ByteReader(client, () => new Error('closed'))
  expect((await reader.read(12)).toString()).toBe('RFB 003.008\n')
  client.write('RFB 003.008\n')
  expect([...(await reader.read(2))]).toEqual([1, 1])
  client.write(Buffer.from([1]))
  expect([...(await reader.read(4))]).toEqual([0, 0, 0, 0])
  client.write(Buffer.from([1]))
  expect((await reader.read(24)).toString('hex')).toBe('00c80064' + '20180001' + '00ff00ff00ff' + '000810' + '000000' + '00000009')
  client.destroy()
})
