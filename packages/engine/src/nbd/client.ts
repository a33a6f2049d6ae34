// SPDX-License-Identifier: Apache-2.0
//
// NBD client over a unix socket: fixed newstyle, NBD_OPT_GO, simple replies, any number of requests in flight.
// Every length from the server is checked before it is used. It does not reconnect: who owns the VM decides what a lost disk means.
import { connect, type Socket } from 'node:net'
import { EngineError } from '../error.ts'
import { ByteReader } from './byte-reader.ts'
import { type NbdExportInfo, negotiate } from './negotiate.ts'
import * as wire from './wire.ts'

export interface NbdClient {
  /** Bytes. */
  readonly size: number
  readonly readOnly: boolean
  /** @throws EngineError `nbd-read-failed` when the server answers an error, `nbd-closed` when it is gone. */
  read(offset: number, length: number): Promise<Buffer>
  /** @throws EngineError `nbd-write-failed`, `nbd-closed`. */
  write(offset: number, data: Uint8Array): Promise<void>
  /** Resolves once earlier writes are durable on the server. @throws EngineError `nbd-write-failed`, `nbd-closed`. */
  flush(): Promise<void>
  /** A hint; nothing is sent where the server does not take it. */
  trim(offset: number, length: number): Promise<void>
  /** Says goodbye; requests still in flight reject with `nbd-closed`. */
  close(): void
}

interface Pending {
  readonly type: number
  readonly length: number
  readonly resolve: (data: Buffer) => void
  readonly reject: (error: EngineError) => void
}

/**
 * Connects to `export` and resolves once the server has accepted it.
 * @throws EngineError `nbd-closed` when nobody listens, `nbd-protocol` for a server that breaks the protocol or refuses the export.
 */
export async function connectNbd(target: { readonly socket: string; readonly name: string }): Promise<NbdClient> {
  const socket = connect(target.socket)
  const reader = new ByteReader(socket, (cause) => new EngineError('nbd-closed', `the NBD server at \`${target.socket}\` closed`, cause))
  try {
    return new Connection(socket, reader, await negotiate(socket, reader, target.name))
  } catch (error) {
    socket.destroy()
    throw error
  }
}

class Connection implements NbdClient {
  readonly size: number
  readonly readOnly: boolean
  private readonly pending = new Map<bigint, Pending>()
  private readonly socket: Socket
  private readonly reader: ByteReader
  private readonly info: NbdExportInfo
  private cookie = 0n
  private ended: EngineError | null = null

  constructor(socket: Socket, reader: ByteReader, info: NbdExportInfo) {
    this.socket = socket
    this.reader = reader
    this.info = info
    this.size = info.size
    this.readOnly = (info.flags & wire.TRANSMIT_READ_ONLY) !== 0
    this.receive().catch((error: unknown) => this.end(error))
  }

  async read(offset: number, length: number): Promise<Buffer> {
    this.checkRange(offset, length)
    const parts = this.split(offset, length).map((part) => this.request(wire.COMMAND_READ, part.offset, part.length))
    const done = await Promise.all(parts)
    return done.length === 1 && done[0] !== undefined ? done[0] : Buffer.concat(done)
  }

  async write(offset: number, data: Uint8Array): Promise<void> {
    this.checkRange(offset, data.length)
    if (this.readOnly) throw new EngineError('nbd-write-failed', 'the NBD export is read-only')
    const parts = this.split(offset, data.length)
    await Promise.all(
      parts.map((part) => {
        const start = part.offset - offset
        return this.request(wire.COMMAND_WRITE, part.offset, part.length, data.subarray(start, start + part.length))
      }),
    )
  }

  async flush(): Promise<void> {
    if ((this.info.flags & wire.TRANSMIT_FLUSH) !== 0) await this.request(wire.COMMAND_FLUSH, 0, 0)
  }

  async trim(offset: number, length: number): Promise<void> {
    this.checkRange(offset, length)
    if ((this.info.flags & wire.TRANSMIT_TRIM) !== 0 && length > 0) await this.request(wire.COMMAND_TRIM, offset, length)
  }

  close(): void {
    if (this.ended !== null) return
    this.socket.end(wire.encodeRequest(wire.COMMAND_DISCONNECT, this.cookie++, 0, 0))
    this.end(new EngineError('nbd-closed', 'the NBD connection was closed here'))
  }

  private request(type: number, offset: number, length: number, data?: Uint8Array): Promise<Buffer> {
    if (this.ended !== null) return Promise.reject(this.ended)
    return new Promise((resolve, reject) => {
      const cookie = this.cookie++
      this.pending.set(cookie, { type, length, resolve, reject })
      this.socket.cork()
      this.socket.write(wire.encodeRequest(type, cookie, offset, length))
      if (data !== undefined) this.socket.write(data)
      this.socket.uncork()
    })
  }

  private async receive(): Promise<void> {
    for (;;) {
      const header = await this.reader.read(16)
      const magic = header.readUInt32BE(0)
      if (magic !== wire.SIMPLE_REPLY_MAGIC) throw new EngineError('nbd-protocol', `NBD reply: unexpected magic ${magic.toString(16)}`)
      const cookie = header.readBigUInt64BE(8)
      const pending = this.pending.get(cookie)
      if (pending === undefined) throw new EngineError('nbd-protocol', `an NBD reply to request ${cookie}, which is not in flight`)
      const errno = header.readUInt32BE(4)
      const data = errno === 0 && pending.type === wire.COMMAND_READ ? await this.reader.read(pending.length) : Buffer.alloc(0)
      this.pending.delete(cookie)
      if (errno === 0) pending.resolve(data)
      else pending.reject(failure(pending.type, errno))
    }
  }

  private end(cause: unknown): void {
    this.ended ??= cause instanceof EngineError ? cause : new EngineError('nbd-closed', 'the NBD connection broke', cause)
    for (const pending of this.pending.values()) pending.reject(this.ended)
    this.pending.clear()
    if (!this.socket.writableEnded) this.socket.destroy()
  }

  private checkRange(offset: number, length: number): void {
    if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0 || offset + length > this.size) {
      throw new RangeError(`bytes ${offset}+${length} are not within an NBD export of ${this.size} bytes`)
    }
  }

  private split(offset: number, length: number): { offset: number; length: number }[] {
    const parts = []
    for (let at = 0; at < length; at += this.info.maximumPayload) {
      parts.push({ offset: offset + at, length: Math.min(this.info.maximumPayload, length - at) })
    }
    return parts
  }
}

function failure(type: number, errno: number): EngineError {
  return type === wire.COMMAND_READ
    ? new EngineError('nbd-read-failed', `the NBD server answered a read with error ${errno}`)
    : new EngineError('nbd-write-failed', `the NBD server answered a write or flush with error ${errno}`)
}
