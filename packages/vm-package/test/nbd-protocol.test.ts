// SPDX-License-Identifier: Apache-2.0
//
// The server against clients that say what a well-behaved tool never would.
import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { PackageError } from '../src/error.ts'
import { type NbdServerOptions, serveNbd } from '../src/nbd/serve.ts'
import { temporaryFolder } from './disks.ts'
import { MemoryDevice, readOnlyView } from './memory-device.ts'
import * as wire from './nbd-wire-client.ts'

const mib = 1_048_576
const readType = 0
const writeType = 1
const flushType = 3
const trimType = 4
const zeroType = 6
const statusType = 7

async function serve(options: Partial<NbdServerOptions> = {}) {
  const device = new MemoryDevice(2 * mib)
  randomBytes(mib).copy(device.bytes)
  const socketPath = join(await temporaryFolder(), 'nbd')
  const exports = new Map([
    ['writable', device],
    ['fixed', readOnlyView(device)],
  ])
  const server = await serveNbd({ socketPath, exports, ...options })
  onTestFinished(() => server.close())
  return { device, socketPath, server }
}

/** The server still does its work. */
async function expectAlive(socketPath: string, device: MemoryDevice): Promise<void> {
  const client = await wire.open(socketPath, 'fixed')
  client.send(wire.request(readType, 9, 0, 512))
  expect(await wire.simpleReply(client)).toEqual({ error: 0, cookie: 9 })
  expect(await client.take(512)).toEqual(device.bytes.subarray(0, 512))
}

describe('the option phase', () => {
  it('answers an option that it does not know with ERR_UNSUP and goes on', async () => {
    const { socketPath } = await serve()
    const client = await wire.connectTo(socketPath)
    await wire.greet(client)
    client.send(wire.option(5), wire.option(77, Buffer.from('whatever')))
    expect((await wire.optionReply(client)).type).toBe(0x80000001)
    expect((await wire.optionReply(client)).type).toBe(0x80000001)
    client.send(wire.option(3))
    const replies = await wire.optionReplies(client)
    expect(replies.map(({ data }) => data.subarray(4).toString())).toEqual(['writable', 'fixed', ''])
  })

  it('says that an export is unknown, and takes the next', async () => {
    const { socketPath } = await serve()
    await expect(wire.open(socketPath, 'other')).rejects.toThrow(`refused with ${0x80000006}`)
    await expect(wire.open(socketPath, 'fixed')).resolves.toBeDefined()
  })

  it.each([
    ['GO without a name', 7, Buffer.alloc(3)],
    ['GO whose name is longer than the option', 7, Buffer.concat([wire.u32(100), Buffer.from('fixed'), wire.u16(0)])],
    ['GO that promises more information requests than it has', 7, Buffer.concat([wire.text('fixed'), wire.u16(3), wire.u16(1)])],
    ['INFO with bytes left over', 6, Buffer.concat([wire.text('fixed'), wire.u16(0), Buffer.from('x')])],
    ['LIST with data', 3, Buffer.from('x')],
    ['STRUCTURED_REPLY with data', 8, Buffer.from('x')],
    ['SET_META_CONTEXT before structured replies', 10, Buffer.concat([wire.text('fixed'), wire.u32(1), wire.text('base:allocation')])],
    ['LIST_META_CONTEXT with fewer queries than promised', 9, Buffer.concat([wire.text('fixed'), wire.u32(4_000_000_000)])],
  ])('answers ERR_INVALID to %s and goes on', async (_, type, data) => {
    const { socketPath } = await serve()
    const client = await wire.connectTo(socketPath)
    await wire.greet(client)
    client.send(wire.option(type, data))
    expect((await wire.optionReplies(client)).at(-1)?.type).toBe(0x80000003)
    client.send(wire.option(7, Buffer.concat([wire.text('fixed'), wire.u16(0)])))
    expect((await wire.optionReplies(client)).at(-1)?.type).toBe(1)
  })

  it('gives size, flags and limits of an export', async () => {
    const { socketPath } = await serve()
    const client = await wire.connectTo(socketPath)
    await wire.greet(client)
    for (const [name, flags] of [
      ['fixed', 0b1_0000_0011],
      ['writable', 0b0_0110_1101],
    ] as const) {
      client.send(wire.option(6, Buffer.concat([wire.text(name), wire.u16(2), wire.u16(3), wire.u16(1)])))
      const replies = await wire.optionReplies(client)
      expect(replies.map(({ data }) => data.toString('hex'))).toEqual([
        Buffer.concat([wire.u16(0), wire.u64(2 * mib), wire.u16(flags)]).toString('hex'),
        Buffer.concat([wire.u16(3), wire.u32(1), wire.u32(4096), wire.u32(32 * mib)]).toString('hex'),
        Buffer.concat([wire.u16(1), Buffer.from(name)]).toString('hex'),
        '',
      ])
    }
  })

  it('serves a client of the oldest kind', async () => {
    const { socketPath, device } = await serve()
    const client = await wire.connectTo(socketPath)
    await wire.greet(client, 1)
    client.send(wire.option(1, Buffer.from('fixed')))
    const facts = await client.take(8 + 2 + 124)
    expect(facts.subarray(0, 8)).toEqual(wire.u64(2 * mib))
    client.send(wire.request(readType, 1, mib - 100, 200))
    expect((await wire.simpleReply(client)).error).toBe(0)
    expect(await client.take(200)).toEqual(device.bytes.subarray(mib - 100, mib + 100))
  })

  it('says goodbye to a client that aborts', async () => {
    const { socketPath } = await serve()
    const client = await wire.connectTo(socketPath)
    await wire.greet(client)
    client.send(wire.option(2))
    expect((await wire.optionReply(client)).type).toBe(1)
    expect(await client.closed()).toHaveLength(0)
  })

  it.each([
    ['flags that it does not know', [wire.u32(0x80)]],
    ['a client without fixed newstyle', [wire.u32(2)]],
    ['another magic', [wire.u32(3), Buffer.alloc(16, 1)]],
    ['an option that is too long', [wire.u32(3), Buffer.from('IHAVEOPT'), wire.u32(7), wire.u32(0xffffffff)]],
    ['an unknown export by the oldest way', [wire.u32(3), wire.option(1, Buffer.from('other'))]],
  ])('hangs up on %s, and serves the next client', async (_, bytes) => {
    const errors: unknown[] = []
    const { socketPath, device } = await serve({ onClientError: (error) => errors.push(error) })
    const client = await wire.connectTo(socketPath)
    await client.take(18)
    client.send(...bytes)
    await client.closed()
    expect(errors).toMatchObject([{ code: 'nbd-protocol' }])
    await expectAlive(socketPath, device)
  })
})

describe('the transmission phase', () => {
  it('answers many requests at once, each by its cookie', async () => {
    const { socketPath, device } = await serve()
    const client = await wire.open(socketPath, 'fixed')
    const offsets = Array.from({ length: 200 }, (_, index) => index * 5000)
    client.send(...offsets.map((offset, cookie) => wire.request(readType, cookie, offset, 512)))
    const seen = new Set<number>()
    for (const _ of offsets) {
      const { error, cookie } = await wire.simpleReply(client)
      const offset = offsets[cookie] ?? -1
      expect(error).toBe(0)
      expect(await client.take(512)).toEqual(device.bytes.subarray(offset, offset + 512))
      seen.add(cookie)
    }
    expect(seen.size).toBe(200)
  })

  it('gives a device its bytes back once they have left, not before', async () => {
    const { socketPath, device } = await serve()
    const client = await wire.open(socketPath, 'writable')
    client.socket.pause()
    const replies = 8
    for (let cookie = 0; cookie < replies; cookie += 1) client.send(wire.request(readType, cookie, 0, mib))
    await vi.waitFor(() => expect(device.lent.size).toBe(replies))
    client.socket.resume()
    for (let reply = 0; reply < replies; reply += 1) {
      expect((await wire.simpleReply(client)).error).toBe(0)
      expect((await client.take(mib)).equals(device.bytes.subarray(0, mib))).toBe(true)
    }
    await vi.waitFor(() => expect(device.lent.size).toBe(0))
  })

  it('answers short reads of what is at hand each with its own bytes, however many wait for the client', async () => {
    const device = new MemoryDevice(2 * mib)
    randomBytes(2 * mib).copy(device.bytes)
    let asked = 0
    const readNow = (offset: number, into: Buffer) => {
      asked += 1
      return device.bytes.copy(into, 0, offset, offset + into.length) === into.length
    }
    const { socketPath } = await serve({ exports: new Map([['at-hand', { ...readOnlyView(device), readNow }]]) })
    const client = await wire.open(socketPath, 'at-hand')
    const length = 32_768
    for (let round = 0; round < 2; round += 1) {
      client.socket.pause()
      for (let at = 0; at < device.size; at += length) client.send(wire.request(readType, at, at, length))
      await vi.waitFor(() => expect(asked).toBe((round + 1) * (device.size / length)))
      client.socket.resume()
      for (let at = 0; at < device.size; at += length) {
        expect(await wire.simpleReply(client)).toEqual({ error: 0, cookie: at })
        expect((await client.take(length)).equals(device.bytes.subarray(at, at + length))).toBe(true)
      }
    }
  })

  it('answers zero runs as holes', async () => {
    const { socketPath, device } = await serve()
    const client = await wire.open(socketPath, 'fixed', true)
    client.send(wire.request(readType, 1, mib - 65_536, 131_072))
    const data = await wire.chunkReply(client)
    const hole = await wire.chunkReply(client)
    expect(data).toMatchObject({ type: 1, done: false, cookie: 1 })
    expect(data.data.subarray(8)).toEqual(device.bytes.subarray(mib - 65_536, mib))
    expect(hole).toEqual({ type: 2, done: true, cookie: 1, data: Buffer.concat([wire.u64(mib), wire.u32(65_536)]) })
  })

  it('answers one whole chunk when the client asks for that', async () => {
    const { socketPath, device } = await serve()
    const client = await wire.open(socketPath, 'fixed', true)
    client.send(wire.request(readType, 1, mib - 65_536, 131_072, 4))
    const { type, done, data } = await wire.chunkReply(client)
    expect([type, done]).toEqual([1, true])
    expect(data.subarray(8)).toEqual(device.bytes.subarray(mib - 65_536, mib + 65_536))
  })

  it('describes what is allocated, one extent where one is asked for', async () => {
    const { socketPath } = await serve()
    const client = await wire.open(socketPath, 'fixed', true)
    client.send(wire.request(statusType, 1, mib - 65_536, 131_072))
    const all = Buffer.concat([wire.u32(1), wire.u32(65_536), wire.u32(0), wire.u32(65_536), wire.u32(3)])
    expect(await wire.chunkReply(client)).toEqual({ type: 5, done: true, cookie: 1, data: all })
    client.send(wire.request(statusType, 2, mib - 65_536, 131_072, 8))
    expect((await wire.chunkReply(client)).data).toEqual(all.subarray(0, 12))
  })

  it('writes, zeroes, trims and flushes a writable export', async () => {
    const { socketPath, device } = await serve()
    const client = await wire.open(socketPath, 'writable')
    const send = async (...parts: readonly Uint8Array[]) => {
      client.send(...parts)
      return (await wire.simpleReply(client)).error
    }
    expect(await send(wire.request(writeType, 1, 100, 5), Buffer.from('hello'))).toBe(0)
    expect(device.bytes.toString('latin1', 100, 105)).toBe('hello')
    expect([await send(wire.request(flushType, 2, 0, 0)), device.flushes]).toEqual([0, 1])
    expect([await send(wire.request(writeType, 3, 100, 1, 1), Buffer.from('H')), device.flushes]).toEqual([0, 2])
    expect(await send(wire.request(zeroType, 4, 101, mib + 7))).toBe(0)
    expect(device.bytes.subarray(101, 101 + mib + 7).every((byte) => byte === 0)).toBe(true)
    expect(device.bytes.toString('latin1', 100, 101)).toBe('H')
    expect([await send(wire.request(trimType, 5, 4096, 8192)), device.trimmed]).toEqual([0, [[4096, 8192]]])
  })

  it('refuses what an export does not allow, by number, and keeps the connection', async () => {
    const { socketPath, device } = await serve()
    const before = Buffer.from(device.bytes)
    const fixed = await wire.open(socketPath, 'fixed')
    const writable = await wire.open(socketPath, 'writable')
    const errorOf = async (client: wire.WireClient, ...parts: readonly Uint8Array[]) => {
      client.send(...parts)
      return (await wire.simpleReply(client)).error
    }
    expect(await errorOf(fixed, wire.request(writeType, 1, 0, 4), Buffer.from('data'))).toBe(1)
    expect(await errorOf(fixed, wire.request(zeroType, 1, 0, 4096))).toBe(1)
    expect(await errorOf(fixed, wire.request(trimType, 1, 0, 4096))).toBe(1)
    expect(await errorOf(fixed, wire.request(readType, 1, 2 * mib - 1, 2))).toBe(22)
    expect(await errorOf(fixed, wire.request(readType, 1, 2 ** 52, 2))).toBe(22)
    expect(await errorOf(fixed, wire.request(statusType, 1, 0, 4096))).toBe(22)
    expect(await errorOf(fixed, wire.request(99, 1, 0, 0))).toBe(95)
    expect(await errorOf(fixed, wire.request(readType, 1, 0, 1, 0x100))).toBe(22)
    expect(await errorOf(writable, wire.request(writeType, 1, 2 * mib - 1, 2), Buffer.from('xx'))).toBe(28)
    expect(device.bytes.equals(before)).toBe(true)
    expect(await errorOf(writable, wire.request(writeType, 1, 2 * mib - 2, 2), Buffer.from('xx'))).toBe(0)
  })

  it('answers a device error with EIO and hands the error to its owner', async () => {
    const errors: unknown[] = []
    const { socketPath, device } = await serve({
      onReadError: (name, error) => errors.push(['read', name, error]),
      onWriteError: (name, error) => errors.push(['write', name, error]),
    })
    const failure = new PackageError('chunk-altered', 'disk `system`: chunk is not what was sealed')
    device.failure = failure
    const simple = await wire.open(socketPath, 'writable')
    simple.send(wire.request(readType, 1, 0, 512), wire.request(writeType, 2, 0, 1), Buffer.from('x'))
    expect([await wire.simpleReply(simple), await wire.simpleReply(simple)]).toEqual([
      { error: 5, cookie: 1 },
      { error: 5, cookie: 2 },
    ])
    const structured = await wire.open(socketPath, 'fixed', true)
    structured.send(wire.request(readType, 3, 0, 512))
    const reply = await wire.chunkReply(structured)
    expect([reply.type, reply.done, reply.data.readUInt32BE(0)]).toEqual([0x8001, true, 5])
    expect(reply.data.toString('utf8', 6)).not.toContain('sealed')
    expect(errors).toEqual([
      ['read', 'writable', failure],
      ['write', 'writable', failure],
      ['read', 'fixed', failure],
    ])
    device.failure = null
    simple.send(wire.request(readType, 4, 0, 512))
    expect((await wire.simpleReply(simple)).error).toBe(0)
  })

  it.each([
    ['a request with another magic', [Buffer.alloc(28, 7)]],
    ['a write of more than 32 MiB', [wire.request(writeType, 1, 0, 32 * mib + 1)]],
  ])('hangs up on %s', async (_, bytes) => {
    const { socketPath, device } = await serve()
    const client = await wire.open(socketPath, 'writable')
    client.send(...bytes)
    await client.closed()
    await expectAlive(socketPath, device)
  })

  it('answers EOVERFLOW to a read of more than 32 MiB', async () => {
    const large = new MemoryDevice(33 * mib)
    const { socketPath } = await serve({ exports: new Map([['large', large]]) })
    const client = await wire.open(socketPath, 'large')
    client.send(wire.request(readType, 1, 0, 32 * mib + 1))
    expect((await wire.simpleReply(client)).error).toBe(75)
    client.send(wire.request(readType, 2, 0, 32 * mib))
    expect((await wire.simpleReply(client)).error).toBe(0)
    expect(await client.take(32 * mib)).toHaveLength(32 * mib)
  })

  it('answers what is under way before it lets a client go', async () => {
    const { socketPath } = await serve()
    const client = await wire.open(socketPath, 'fixed')
    client.send(wire.request(readType, 1, 0, 4096), wire.request(2, 2, 0, 0))
    expect(await client.closed()).toHaveLength(16 + 4096)
  })
})

describe('the server', () => {
  it('lives through anything that clients send', async () => {
    const { socketPath, device } = await serve()
    const phases = fc.constantFrom('greeting', 'options', 'requests')
    await fc.assert(
      fc.asyncProperty(phases, fc.uint8Array({ minLength: 1, maxLength: 200 }), async (phase, bytes) => {
        const client = phase === 'requests' ? await wire.open(socketPath, 'fixed', true) : await wire.connectTo(socketPath)
        if (phase === 'options') await wire.greet(client)
        client.send(bytes)
        client.socket.end()
        await client.closed()
      }),
      { numRuns: 100 },
    )
    await expectAlive(socketPath, device)
  })

  it('lives through clients that go in the middle of a large reply', async () => {
    const { socketPath, device } = await serve()
    for (let count = 0; count < 10; count += 1) {
      const client = await wire.open(socketPath, 'fixed')
      client.send(...Array.from({ length: 20 }, (_, cookie) => wire.request(readType, cookie, 0, 2 * mib)))
      await client.take(100)
      client.socket.destroy()
    }
    await expectAlive(socketPath, device)
  })

  it('ends every connection and removes its socket when it is closed', async () => {
    const { socketPath, server } = await serve()
    const client = await wire.open(socketPath, 'fixed')
    const idle = await wire.connectTo(socketPath)
    await idle.take(18)
    await server.close()
    await Promise.all([client.closed(), idle.closed()])
    expect(await readdir(join(socketPath, '..'))).toEqual([])
    await expect(wire.connectTo(socketPath)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('does not take a socket path that is in use', async () => {
    const { socketPath } = await serve()
    await expect(serveNbd({ socketPath, exports: new Map() })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})
