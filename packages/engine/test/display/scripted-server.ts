// SPDX-License-Identifier: Apache-2.0
//
// An RFB server whose every byte a test decides, on a unix socket in a folder of its own.
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'

export interface ScriptedServer {
  readonly socketPath: string
  /** The next viewer that connects. */
  accept(): Promise<Socket>
  close(): Promise<void>
}

export async function startScriptedServer(): Promise<ScriptedServer> {
  const folder = await mkdtemp(join(tmpdir(), 'cm-rfb-'))
  const socketPath = join(folder, 's')
  const waiting: Socket[] = []
  const takers: ((socket: Socket) => void)[] = []
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => socket.destroy())
    const taker = takers.shift()
    if (taker === undefined) waiting.push(socket)
    else taker(socket)
  })
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  return {
    socketPath,
    accept: async () => waiting.shift() ?? new Promise((resolve) => takers.push(resolve)),
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The next `length` bytes of `stream`. */
export async function take(stream: Duplex, length: number): Promise<Buffer> {
  let taken = Buffer.alloc(0)
  while (taken.length < length) {
    const more: unknown = stream.read()
    if (more instanceof Buffer) taken = Buffer.concat([taken, more])
    else if (stream.readableEnded || stream.destroyed) throw new Error(`the stream ended before \`${length}\` bytes`)
    else await readable(stream)
  }
  if (taken.length > length) stream.unshift(taken.subarray(length))
  return taken.subarray(0, length)
}

async function readable(stream: Duplex): Promise<void> {
  const { promise: changed, resolve } = Promise.withResolvers<void>()
  const listener = () => resolve()
  const events = ['readable', 'end', 'close']
  for (const event of events) stream.on(event, listener)
  await changed
  for (const event of events) stream.off(event, listener)
}

/** The first server messages: 64x48 pixels of 32 bits, the name `x`. */
export const serverInit = Buffer.from('00400030' + '20180001' + '00ff00ff00ff100800' + '000000' + '00000001' + '78', 'hex')

/** The server's half of the handshake. */
export async function greetAsServer(socket: Socket): Promise<void> {
  socket.write('RFB 003.008\n')
  await take(socket, 12)
  socket.write(Uint8Array.of(2, 16, 1))
  await take(socket, 1)
  socket.write(new Uint8Array(4))
  await take(socket, 1)
  socket.write(serverInit)
}

/** The viewer's half, as noVNC 1.7.0 sends it. */
export async function greetAsViewer(viewer: Duplex): Promise<{ readonly securityTypes: number[]; readonly init: Buffer }> {
  await take(viewer, 12)
  viewer.write('RFB 003.008\n')
  const [count = 0] = await take(viewer, 1)
  const securityTypes = [...(await take(viewer, count))]
  viewer.write(Uint8Array.of(1))
  await take(viewer, 4)
  viewer.write(Uint8Array.of(0))
  const head = await take(viewer, 24)
  return { securityTypes, init: Buffer.concat([head, await take(viewer, head.readUInt32BE(20))]) }
}
