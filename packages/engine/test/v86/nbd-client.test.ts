// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { connectNbd } from '../../src/nbd/client.ts'
import { optionReply, ScriptedNbd } from './scripted-nbd.ts'

const MIB = 1024 * 1024
let root: string
const servers: ChildProcess[] = []

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'nbd-'))
})
afterAll(async () => {
  for (const server of servers) server.kill()
  await rm(root, { recursive: true })
})

async function serveByQemu(name: string, ...args: string[]): Promise<{ socket: string; name: string; file: string; image: Buffer }> {
  const file = join(root, `${name}.raw`)
  const socket = join(root, `${name}.sock`)
  const image = randomBytes(40 * MIB)
  await writeFile(file, image)
  servers.push(spawn('qemu-nbd', ['-t', '-f', 'raw', '-x', 'disk', '-k', socket, ...args, file], { stdio: 'ignore' }))
  await vi.waitFor(() => stat(socket), { timeout: 20_000 })
  return { socket, name: 'disk', file, image }
}

describe('the NBD client against qemu-nbd', () => {
  it('reads, writes, trims and flushes what the file then holds, with many requests in flight', async () => {
    const server = await serveByQemu('rw', '--discard=unmap')
    const client = await connectNbd(server)
    expect(client.size).toBe(server.image.length)
    expect(client.readOnly).toBe(false)
    const reads = await Promise.all(Array.from({ length: 64 }, (_, index) => client.read(index * 4096 + 512, 4096)))
    expect(Buffer.concat(reads).equals(server.image.subarray(512, 512 + 64 * 4096))).toBe(true)
    const data = randomBytes(MIB)
    await Promise.all(
      Array.from({ length: 16 }, (_, index) => client.write(8 * MIB + index * 65_536, data.subarray(index * 65_536, (index + 1) * 65_536))),
    )
    await client.trim(0, 4096)
    await client.flush()
    client.close()
    const after = await readFile(server.file)
    expect(after.subarray(8 * MIB, 9 * MIB).equals(data)).toBe(true)
    expect(after.subarray(0, 4096).every((byte) => byte === 0)).toBe(true)
  })

  it('splits a request that is larger than the server takes', async () => {
    const server = await serveByQemu('large')
    const client = await connectNbd(server)
    expect((await client.read(0, server.image.length)).equals(server.image)).toBe(true)
    client.close()
  })

  it('refuses a write to a read-only export, which it reads', async () => {
    const server = await serveByQemu('ro', '-r')
    const client = await connectNbd(server)
    expect(client.readOnly).toBe(true)
    expect((await client.read(0, 512)).equals(server.image.subarray(0, 512))).toBe(true)
    await expect(client.write(0, Buffer.alloc(512))).rejects.toMatchObject({ code: 'nbd-write-failed' })
    client.close()
  })

  it('refuses an export that the server does not have, and takes the one it has', async () => {
    const server = await serveByQemu('names')
    await expect(connectNbd({ ...server, name: 'another' })).rejects.toMatchObject({
      code: 'nbd-protocol',
      message: expect.stringContaining('`another`'),
    })
    ;(await connectNbd(server)).close()
  })
})

describe('the NBD client against a server that misbehaves', () => {
  it('says that nobody listens', async () => {
    await expect(connectNbd({ socket: join(root, 'nobody.sock'), name: 'disk' })).rejects.toMatchObject({ code: 'nbd-closed' })
  })

  it('rejects one failed read and goes on with the next', async () => {
    const host = await ScriptedNbd.serve(join(root, 'eio.sock'), randomBytes(8192), { rule: ({ offset }) => (offset === 512 ? 'fail' : 'answer') })
    const client = await connectNbd(host.export)
    const [bad, good] = await Promise.allSettled([client.read(512, 512), client.read(1024, 512)])
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'nbd-read-failed' } })
    expect(good.status === 'fulfilled' && good.value.equals(host.image.subarray(1024, 1536))).toBe(true)
    client.close()
    await host.close()
  })

  it('rejects everything in flight, and all that follows, once the server is gone', async () => {
    const host = await ScriptedNbd.serve(join(root, 'gone.sock'), Buffer.alloc(8192), { rule: () => new Promise(() => undefined) })
    const client = await connectNbd(host.export)
    const waiting = Promise.allSettled([client.read(0, 512), client.flush()])
    await vi.waitFor(() => expect(host.seen.length).toBe(2))
    await host.close()
    for (const outcome of await waiting) expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'nbd-closed' } })
    await expect(client.read(0, 512)).rejects.toMatchObject({ code: 'nbd-closed' })
  })

  it('never asks beyond the end of the export', async () => {
    const host = await ScriptedNbd.serve(join(root, 'end.sock'), Buffer.alloc(8192))
    const client = await connectNbd(host.export)
    await expect(client.read(8192 - 511, 512)).rejects.toThrow(RangeError)
    expect((await client.read(8192 - 512, 512)).length).toBe(512)
    expect(host.seen).toEqual([{ type: 'read', offset: 8192 - 512, length: 512 }])
    client.close()
    await host.close()
  })

  const greeting = Buffer.from('NBDMAGICIHAVEOPT\x00\x03', 'latin1')
  const longReply = optionReply(1, Buffer.alloc(0))
  longReply.writeUInt32BE(0x7fffffff, 16)
  it.each<[string, Buffer]>([
    ['another magic', Buffer.from('NBDMAGIXIHAVEOPT\x00\x03', 'latin1')],
    ['the old style', Buffer.concat([Buffer.from('NBDMAGIC'), Buffer.from('00420281861253', 'hex'), Buffer.alloc(134)])],
    ['no fixed newstyle', Buffer.from('NBDMAGICIHAVEOPT\x00\x02', 'latin1')],
    ['an option reply of 2 GiB', Buffer.concat([greeting, longReply])],
    ['an acknowledgement without a size', Buffer.concat([greeting, optionReply(1, Buffer.alloc(0))])],
    ['an export info of the wrong length', Buffer.concat([greeting, optionReply(3, Buffer.alloc(11))])],
  ])('refuses %s', async (name, bytes) => {
    const socket = join(root, `${name.replaceAll(' ', '-')}.sock`)
    const server = createServer((connection) => {
      connection.on('error', () => connection.destroy())
      connection.write(bytes)
    })
    server.listen(socket)
    await once(server, 'listening')
    await expect(connectNbd({ socket, name: 'disk' })).rejects.toMatchObject({ code: 'nbd-protocol' })
    server.close()
  })

  it('breaks off at a reply to a request that is not in flight', async () => {
    const socket = join(root, 'cookie.sock')
    const info = Buffer.alloc(12)
    info.writeBigUInt64BE(8192n, 2)
    const wrong = Buffer.alloc(16)
    wrong.writeUInt32BE(0x67446698, 0)
    wrong.writeBigUInt64BE(77n, 8)
    const server = createServer((connection) => {
      connection.on('error', () => connection.destroy())
      connection.write(Buffer.concat([greeting, optionReply(3, info), optionReply(1, Buffer.alloc(0))]))
      connection.on('data', (bytes: Buffer) => {
        if (bytes.includes(Buffer.from('25609513', 'hex'))) connection.write(wrong)
      })
    })
    server.listen(socket)
    await once(server, 'listening')
    const client = await connectNbd({ socket, name: 'disk' })
    await expect(client.read(0, 512)).rejects.toMatchObject({ code: 'nbd-protocol' })
    server.close()
  })
})
