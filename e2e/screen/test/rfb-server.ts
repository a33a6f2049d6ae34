// SPDX-License-Identifier: Apache-2.0
//
// The server's half of RFB 3.8, written out message by message: what the client is tested against.
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ByteQueue } from '../byte-queue.ts'
import { ScreenError } from '../error.ts'
import type { Frame } from '../frame.ts'

const be16 = (...values: number[]) => Buffer.from(values.flatMap((value) => [(value >> 8) & 255, value & 255]))
const be32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value | 0)
  return bytes
}
export const text = (value: string) => Buffer.concat([be32(value.length), Buffer.from(value, 'latin1')])

/** One rectangle of an update: place, size, encoding, content. */
export const rectangle = (x: number, y: number, width: number, height: number, encoding: number, content: Uint8Array = Buffer.alloc(0)) =>
  Buffer.concat([be16(x, y, width, height), be32(encoding), content])

export const update = (...rectangles: Buffer[]) => Buffer.concat([Buffer.from([0, 0]), be16(rectangles.length), ...rectangles])

/** `frame` whole, in one raw rectangle. */
export const picture = (frame: Frame) => {
  const raw = Buffer.alloc(frame.pixels.length * 4)
  for (const [index, pixel] of frame.pixels.entries()) raw.writeUInt32LE(pixel, index * 4)
  return update(rectangle(0, 0, frame.width, frame.height, 0, raw))
}

export const serverCutText = (value: string) => Buffer.concat([Buffer.from([3, 0, 0, 0]), text(value)])

export const serverInit = (width: number, height: number, name: string) => Buffer.concat([be16(width, height), Buffer.alloc(16), text(name)])

/** The server's end of one connection. */
export class Peer {
  readonly #queue = new ByteQueue()
  readonly send: (bytes: Uint8Array) => void

  constructor(send: (bytes: Uint8Array) => void) {
    this.send = send
  }

  push(bytes: Buffer): void {
    this.#queue.push(bytes)
  }

  end(): void {
    this.#queue.close(new ScreenError('closed', 'the client went away'))
  }

  /** The next `length` bytes from the client, in hexadecimal. */
  async expect(length: number): Promise<string> {
    return (await this.#queue.read(length)).toString('hex')
  }

  /** The whole handshake, then the client's pixel format, encodings and first request. */
  async shakeHands(width: number, height: number, name = 'desk'): Promise<string[]> {
    this.send(Buffer.from('RFB 003.008\n'))
    const said = [await this.expect(12)]
    this.send(Buffer.from([1, 1]))
    said.push(await this.expect(1))
    this.send(Buffer.alloc(4))
    said.push(await this.expect(1))
    this.send(serverInit(width, height, name))
    for (const length of [20, 16, 10]) said.push(await this.expect(length))
    return said
  }
}

export interface Listening extends AsyncDisposable {
  readonly path: string
  /** The first connection. */
  readonly peer: Promise<Peer>
  /** Ends every connection from the server's side. */
  hangUp(): void
}

/** Listens on a unix socket in a folder of its own. */
export async function listen(): Promise<Listening> {
  const folder = await mkdtemp(join(tmpdir(), 'rfb-'))
  const path = join(folder, 'socket')
  const sockets = new Set<Socket>()
  const { promise: peer, resolve } = Promise.withResolvers<Peer>()
  const server = createServer((socket) => {
    sockets.add(socket)
    const connected = new Peer((bytes) => socket.write(bytes))
    socket.on('data', (bytes) => connected.push(Buffer.from(bytes)))
    socket.on('close', () => connected.end())
    resolve(connected)
  })
  server.listen(path)
  await once(server, 'listening')
  const hangUp = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    path,
    peer,
    hangUp,
    [Symbol.asyncDispose]: async () => {
      hangUp()
      server.close()
      await once(server, 'close')
      await rm(folder, { recursive: true })
    },
  }
}
