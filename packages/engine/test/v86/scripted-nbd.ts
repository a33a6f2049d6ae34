// SPDX-License-Identifier: Apache-2.0
//
// An NBD server over bytes in memory that a test can make fail, hold back or break the protocol (doc/proto.md of NBD).
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { ByteReader } from '../../src/nbd/byte-reader.ts'

const EIO = 5
const HAS_FLAGS = 1
const READ_ONLY = 2
const SEND_FLUSH = 4

export interface NbdRequest {
  readonly type: 'read' | 'write' | 'flush' | 'other'
  readonly offset: number
  readonly length: number
}

export interface ScriptedNbdOptions {
  readonly readOnly?: boolean
  /** Decides about each request; default: answer. */
  readonly rule?: (request: NbdRequest) => 'answer' | 'fail' | Promise<'answer' | 'fail'>
}

export class ScriptedNbd {
  readonly seen: NbdRequest[] = []
  readonly image: Buffer
  readonly socket: string
  rule: NonNullable<ScriptedNbdOptions['rule']>
  private readonly flags: number
  private readonly connections = new Set<Socket>()
  private readonly server = createServer((socket) => {
    this.connections.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.connections.delete(socket))
    // The test looks at the client; a connection that ends leaves this end nothing to do.
    this.answer(socket).catch(() => socket.destroy())
  })

  private constructor(socket: string, image: Buffer, options: ScriptedNbdOptions) {
    this.socket = socket
    this.image = image
    this.rule = options.rule ?? (() => 'answer')
    this.flags = HAS_FLAGS | SEND_FLUSH | (options.readOnly === true ? READ_ONLY : 0)
  }

  static async serve(socket: string, image: Buffer, options: ScriptedNbdOptions = {}): Promise<ScriptedNbd> {
    const host = new ScriptedNbd(socket, image, options)
    host.server.listen(socket)
    await once(host.server, 'listening')
    return host
  }

  get export(): { socket: string; name: string } {
    return { socket: this.socket, name: 'disk' }
  }

  /** Ends every connection; new ones are taken. */
  disconnect(): void {
    for (const connection of this.connections) connection.destroy()
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close')
    this.server.close()
    this.disconnect()
    await closed
  }

  private async answer(socket: Socket): Promise<void> {
    const reader = new ByteReader(socket, () => new Error('closed'))
    socket.write(Buffer.from('NBDMAGICIHAVEOPT\x00\x03', 'latin1'))
    await reader.read(4)
    const option = await reader.read(16)
    await reader.read(option.readUInt32BE(12))
    const info = Buffer.alloc(12)
    info.writeBigUInt64BE(BigInt(this.image.length), 2)
    info.writeUInt16BE(this.flags, 10)
    socket.write(Buffer.concat([optionReply(3, info), optionReply(1, Buffer.alloc(0))]))
    for (;;) {
      const head = await reader.read(28)
      const code = head.readUInt16BE(6)
      if (code === 2) return void socket.end()
      const request = {
        type: (['read', 'write', 'other', 'flush'] as const)[code] ?? 'other',
        offset: Number(head.readBigUInt64BE(16)),
        length: head.readUInt32BE(24),
      }
      const data = request.type === 'write' ? await reader.read(request.length) : Buffer.alloc(0)
      this.seen.push(request)
      void this.reply(socket, head, request, data)
    }
  }

  private async reply(socket: Socket, head: Buffer, request: NbdRequest, data: Buffer): Promise<void> {
    const failed = (await this.rule(request)) === 'fail'
    if (!failed) data.copy(this.image, request.offset)
    const reply = Buffer.alloc(16)
    reply.writeUInt32BE(0x67446698, 0)
    reply.writeUInt32BE(failed ? EIO : 0, 4)
    head.copy(reply, 8, 8, 16)
    const body = request.type === 'read' && !failed ? this.image.subarray(request.offset, request.offset + request.length) : Buffer.alloc(0)
    socket.write(Buffer.concat([reply, body]))
  }
}

export function optionReply(type: number, data: Buffer): Buffer {
  const head = Buffer.alloc(20)
  head.writeBigUInt64BE(0x3e889045565a9n, 0)
  head.writeUInt32BE(7, 8)
  head.writeUInt32BE(type, 12)
  head.writeUInt32BE(data.length, 16)
  return Buffer.concat([head, data])
}
