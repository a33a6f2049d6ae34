// SPDX-License-Identifier: Apache-2.0
//
// A client that says exactly what a test wants to have said.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export class WireClient {
  readonly socket: Socket
  #parts: Buffer[] = []
  #length = 0
  #closed = false
  #wake = Promise.withResolvers<void>()

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (bytes) => {
      this.#parts.push(bytes)
      this.#length += bytes.length
      this.#signal()
    })
    socket.on('error', () => this.#signal())
    socket.on('close', () => {
      this.#closed = true
      this.#signal()
    })
  }

  send(...parts: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(parts))
  }

  /** The next `length` bytes. Rejects when the server closes before. */
  async take(length: number): Promise<Buffer> {
    while (this.#length < length) {
      if (this.#closed) throw new Error(`closed after ${this.#length} of ${length} bytes`)
      await this.#wake.promise
    }
    const held = Buffer.concat(this.#parts)
    this.#parts = [held.subarray(length)]
    this.#length -= length
    return held.subarray(0, length)
  }

  /** Resolves once the server has closed the connection; gives what it sent before. */
  async closed(): Promise<Buffer> {
    while (!this.#closed) await this.#wake.promise
    return Buffer.concat(this.#parts)
  }

  #signal(): void {
    this.#wake.resolve()
    this.#wake = Promise.withResolvers<void>()
  }
}

export async function connectTo(socketPath: string): Promise<WireClient> {
  const socket = connect(socketPath)
  const client = new WireClient(socket)
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return client
}

export const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255])
export const u32 = (value: number): Buffer => Buffer.from(Uint32Array.of(value).buffer).swap32()
export const u64 = (value: number): Buffer => Buffer.concat([u32(Math.floor(value / 2 ** 32)), u32(value % 2 ** 32)])

export const text = (value: string): Buffer => Buffer.concat([u32(Buffer.byteLength(value)), Buffer.from(value)])

export function option(type: number, data: Uint8Array = Buffer.alloc(0)): Buffer {
  return Buffer.concat([Buffer.from('IHAVEOPT'), u32(type), u32(data.length), data])
}

export function request(type: number, cookie: number, offset: number, length: number, flags = 0): Buffer {
  return Buffer.concat([u32(0x25609513), u16(flags), u16(type), u64(cookie), u64(offset), u32(length)])
}

/** Greeting read and answered. */
export async function greet(client: WireClient, flags = 3): Promise<void> {
  const greeting = await client.take(18)
  if (greeting.toString('latin1', 0, 16) !== 'NBDMAGICIHAVEOPT') throw new Error('not a newstyle server')
  client.send(u32(flags))
}

/** One reply to an option. */
export async function optionReply(client: WireClient): Promise<{ option: number; type: number; data: Buffer }> {
  const head = await client.take(20)
  return { option: head.readUInt32BE(8), type: head.readUInt32BE(12), data: await client.take(head.readUInt32BE(16)) }
}

/** All replies to an option up to the last one; their types. */
export async function optionReplies(client: WireClient): Promise<{ type: number; data: Buffer }[]> {
  const replies: { type: number; data: Buffer }[] = []
  for (;;) {
    const reply = await optionReply(client)
    replies.push(reply)
    if (reply.type === 1 || reply.type >= 0x80000000) return replies
  }
}

/** Up to the transmission phase of `name`. */
export async function open(socketPath: string, name: string, structured = false): Promise<WireClient> {
  const client = await connectTo(socketPath)
  await greet(client)
  if (structured) {
    client.send(option(8))
    await optionReplies(client)
    client.send(option(10, Buffer.concat([text(name), u32(1), text('base:allocation')])))
    await optionReplies(client)
  }
  client.send(option(7, Buffer.concat([text(name), u16(0)])))
  const last = (await optionReplies(client)).at(-1)
  if (last?.type !== 1) throw new Error(`refused with ${last?.type}`)
  return client
}

export async function simpleReply(client: WireClient): Promise<{ error: number; cookie: number }> {
  const head = await client.take(16)
  if (head.readUInt32BE(0) !== 0x67446698) throw new Error('not a simple reply')
  return { error: head.readUInt32BE(4), cookie: Number(head.readBigUInt64BE(8)) }
}

export async function chunkReply(client: WireClient): Promise<{ done: boolean; type: number; cookie: number; data: Buffer }> {
  const head = await client.take(20)
  if (head.readUInt32BE(0) !== 0x668e33ef) throw new Error('not a structured reply')
  const data = await client.take(head.readUInt32BE(16))
  return { done: head.readUInt16BE(4) === 1, type: head.readUInt16BE(6), cookie: Number(head.readBigUInt64BE(8)), data }
}
