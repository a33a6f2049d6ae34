// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { ByteReader } from '../../src/nbd/byte-reader.ts'
import type { Emulator } from '../../src/v86/child/hooks.ts'
import { carryFrames, connectSwitch, setMac } from '../../src/v86/child/network.ts'

let root: string
let counter = 0
const servers: Server[] = []

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'wire-'))
})
afterAll(async () => {
  for (const server of servers) server.close()
  await rm(root, { recursive: true })
})

/** A card on one end, a switch on the other. */
async function setUp() {
  const path = join(root, `wire-${counter++}.sock`)
  const server = createServer().listen(path)
  servers.push(server)
  const accepted = once(server, 'connection')
  const wire = await connectSwitch(path)
  const [switchEnd]: Socket[] = await accepted
  if (switchEnd === undefined) throw new Error('nobody connected')
  const received: Buffer[] = []
  let send: (frame: unknown) => void = () => undefined
  const card: Pick<Emulator, 'bus' | 'add_listener'> = {
    bus: { send: (event, frame) => void (event === 'net0-receive' && frame instanceof Uint8Array && received.push(Buffer.from(frame))) },
    add_listener: (event, listener) => {
      if (event === 'net0-send') send = listener
    },
  }
  const ended = carryFrames(card, wire)
  return { received, send: (frame: unknown) => send(frame), switchEnd, ended, wire }
}

function framed(frame: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(frame.length)
  return Buffer.concat([length, frame])
}

describe('the cable between card and switch', () => {
  it('carries frames both ways behind their length, however the bytes are cut', async () => {
    const { received, send, switchEnd, wire } = await setUp()
    const reader = new ByteReader(switchEnd, () => new Error('closed'))
    const reused = Buffer.alloc(60, 1)
    send(reused)
    reused.fill(2)
    send(Buffer.alloc(1514, 3))
    expect((await reader.read(64)).equals(framed(Buffer.alloc(60, 1)))).toBe(true)
    expect((await reader.read(1518)).equals(framed(Buffer.alloc(1514, 3)))).toBe(true)
    const bytes = Buffer.concat([framed(Buffer.alloc(14, 4)), framed(Buffer.alloc(9000, 5))])
    for (let at = 0; at < bytes.length; at += 1001) switchEnd.write(bytes.subarray(at, at + 1001))
    await vi.waitFor(() =>
      expect(received.map((frame) => [frame.length, frame[0]])).toEqual([
        [14, 4],
        [9000, 5],
      ]),
    )
    wire.destroy()
  })

  it.each([
    ['shorter than its header', 13, 14],
    ['longer than any', 65_536, 65_535],
  ])('is unplugged by a frame %s, and carries its neighbour', async (_name, bad, good) => {
    const { received, switchEnd, ended } = await setUp()
    switchEnd.on('error', () => switchEnd.destroy())
    switchEnd.write(framed(Buffer.alloc(good, 1)))
    await vi.waitFor(() => expect(received).toHaveLength(1))
    switchEnd.write(framed(Buffer.alloc(bad, 1)))
    await ended
    expect(received).toHaveLength(1)
  })

  it('drops frames rather than keep more than a switch takes', async () => {
    const { send, switchEnd, wire } = await setUp()
    switchEnd.pause()
    for (let frame = 0; frame < 5000; frame++) send(Buffer.alloc(1514, 1))
    expect(wire.writableLength).toBeLessThan(2 * 1024 * 1024)
    wire.destroy()
  })

  it('may be cut by the switch without harm', async () => {
    const { send, switchEnd, ended } = await setUp()
    switchEnd.destroy()
    await ended
    send(Buffer.alloc(60, 1))
  })

  it('needs somebody who listens', async () => {
    await expect(connectSwitch(join(root, 'nobody.sock'))).rejects.toMatchObject({ code: 'network-closed' })
  })
})

describe('the address of a card', () => {
  it('is the one of the spec, in its registers and twice in its PROM', () => {
    const card = { mac: new Uint8Array(6), memory: new Uint8Array(32) }
    setMac(card, '52:54:00:AB:cd:01')
    expect(Buffer.from(card.mac).toString('hex')).toBe('525400abcd01')
    expect(Buffer.from(card.memory.subarray(0, 12)).toString('hex')).toBe('525254540000ababcdcd0101')
  })

  it('is refused where it is none', () => {
    expect(() => setMac({ mac: new Uint8Array(6) }, '52:54:00')).toThrow(expect.objectContaining({ code: 'engine-protocol' }))
  })
})
