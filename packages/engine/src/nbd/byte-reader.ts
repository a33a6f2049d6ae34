// SPDX-License-Identifier: Apache-2.0
import type { Socket } from 'node:net'

interface Wanted {
  readonly length: number
  readonly resolve: (bytes: Buffer) => void
  readonly reject: (error: Error) => void
}

/**
 * Exact-length reads from a socket, one at a time, for parsers of length-prefixed protocols. While more than `highWater`
 * bytes wait unread the socket is paused, so a peer that sends ahead cannot fill the memory.
 */
export class ByteReader {
  private chunks: Buffer[] = []
  private buffered = 0
  private wanted: Wanted | null = null
  private ended: Error | null = null
  private readonly socket: Socket
  private readonly highWater: number

  constructor(socket: Socket, closed: (cause?: unknown) => Error, highWater = 4 * 1024 * 1024) {
    this.socket = socket
    this.highWater = highWater
    socket.on('data', (chunk: Buffer) => this.push(chunk))
    socket.once('error', (cause) => this.end(closed(cause)))
    socket.once('close', () => this.end(closed()))
  }

  /** The next `length` bytes. Rejects once the socket has closed before they came. */
  read(length: number): Promise<Buffer> {
    if (this.wanted !== null) throw new Error('two reads at once')
    return new Promise((resolve, reject) => {
      this.wanted = { length, resolve, reject }
      this.serve()
    })
  }

  private push(chunk: Buffer): void {
    this.chunks.push(chunk)
    this.buffered += chunk.length
    if (this.buffered > this.highWater) this.socket.pause()
    this.serve()
  }

  private end(error: Error): void {
    this.ended ??= error
    this.serve()
  }

  private serve(): void {
    const wanted = this.wanted
    if (wanted === null) return
    if (this.buffered >= wanted.length) {
      this.wanted = null
      wanted.resolve(this.take(wanted.length))
    } else if (this.ended !== null) {
      this.wanted = null
      wanted.reject(this.ended)
    } else if (this.socket.isPaused()) {
      this.socket.resume()
    }
  }

  private take(length: number): Buffer {
    const first = this.chunks[0]
    const whole = first !== undefined && first.length >= length ? first : Buffer.concat(this.chunks)
    const rest = whole.subarray(length)
    this.chunks = whole === first ? this.chunks.slice(1) : []
    if (rest.length > 0) this.chunks.unshift(rest)
    this.buffered -= length
    return whole.subarray(0, length)
  }
}
