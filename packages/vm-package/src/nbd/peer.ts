// SPDX-License-Identifier: Apache-2.0
import type { Socket } from 'node:net'
import { PackageError } from '../error.ts'

const readHighWater = 4_194_304

/**
 * One client: exact-length reads, one at a time, and writes. While more bytes wait than a read needs, the socket is paused, so that
 * a client that sends ahead cannot fill the memory. What is written in one turn of the event loop leaves in one system call.
 */
export class Peer {
  readonly #socket: Socket
  #waiting: Buffer[] = []
  #held = 0
  #wanted: { readonly length: number; readonly resolve: (bytes: Buffer) => void; readonly reject: (error: Error) => void } | null = null
  #ended: PackageError | null = null
  #corked = false
  #unsent = 0

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (bytes: Buffer) => {
      this.#waiting.push(bytes)
      this.#held += bytes.length
      if (this.#held > Math.max(readHighWater, this.#wanted?.length ?? 0)) socket.pause()
      this.#serve()
    })
    socket.once('error', (cause) => this.#end(new PackageError('nbd-protocol', 'the NBD client is gone', cause)))
    socket.once('close', () => this.#end(new PackageError('nbd-protocol', 'the NBD client closed the connection')))
  }

  get gone(): boolean {
    return this.#ended !== null
  }

  /** Bytes that were written and have not left. */
  get unsent(): number {
    return this.#unsent
  }

  /** The next `length` bytes. @throws PackageError `nbd-protocol` once the client is gone. */
  read(length: number): Promise<Buffer> {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
    this.#wanted = { length, resolve, reject }
    this.#serve()
    return promise
  }

  /** The next `length` bytes if they have come; null otherwise. Not while a `read` waits. */
  take(length: number): Buffer | null {
    return this.#held >= length ? this.#take(length) : null
  }

  /** Resolves once the bytes have left, or the client is gone: nothing looks at them any more. */
  write(parts: readonly Uint8Array[]): Promise<void> {
    if (this.gone) return Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#cork()
    for (const [index, part] of parts.entries()) {
      const last = index === parts.length - 1
      this.#unsent += part.length
      this.#socket.write(part, () => {
        this.#unsent -= part.length
        if (last) resolve()
      })
    }
    return promise
  }

  /** Sends what was written, then closes. */
  close(): void {
    this.#socket.destroySoon()
  }

  /** Closes at once; a read that waits fails with `error`. */
  destroy(error: Error): void {
    this.#socket.destroy(error)
  }

  #cork(): void {
    if (this.#corked) return
    this.#corked = true
    this.#socket.cork()
    process.nextTick(() => {
      this.#corked = false
      this.#socket.uncork()
    })
  }

  #end(error: PackageError): void {
    this.#ended ??= error
    this.#serve()
  }

  #serve(): void {
    const wanted = this.#wanted
    if (wanted === null) return
    if (this.#held >= wanted.length) {
      this.#wanted = null
      wanted.resolve(this.#take(wanted.length))
    } else if (this.#ended !== null) {
      this.#wanted = null
      wanted.reject(this.#ended)
    } else if (this.#socket.isPaused()) {
      this.#socket.resume()
    }
  }

  #take(length: number): Buffer {
    const [first] = this.#waiting
    const whole = first !== undefined && first.length >= length ? first : Buffer.concat(this.#waiting)
    const rest = whole.subarray(length)
    this.#waiting = whole === first ? this.#waiting.slice(1) : []
    if (rest.length > 0) this.#waiting.unshift(rest)
    this.#held -= length
    return whole.subarray(0, length)
  }
}
