// SPDX-License-Identifier: Apache-2.0
//
// One QMP client on one stream. Whatever QEMU says is treated as hostile: lines are bounded, every message is parsed strictly, a reply that nobody
// asked for ends the connection. It knows no command and no state of a VM.
import { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'
import type { z } from 'zod'
import { EngineError } from '../error.ts'
import { nothing, parseQmpMessage, type QmpMessage } from './qmp-messages.ts'

const longestLine = 1 << 20
const mostOpenRequests = 32

interface QmpEvents {
  event: [name: string, data: Readonly<Record<string, unknown>>]
  /** The last event; everything that was open has been rejected with this error. */
  closed: [error: EngineError]
}

interface OpenRequest {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: EngineError) => void
}

export class Qmp extends EventEmitter<QmpEvents> {
  readonly #stream: Duplex
  readonly #open = new Map<number, OpenRequest>()
  /** Timed out here, still owed by QEMU. */
  readonly #abandoned = new Set<number>()
  #held: Buffer = Buffer.alloc(0)
  #nextId = 1
  #greet: ((version: string) => void) | undefined
  #failure: EngineError | undefined

  private constructor(stream: Duplex) {
    super()
    this.#stream = stream
    stream.on('data', (bytes: Buffer) => this.#receive(bytes))
    stream.on('error', (cause) => this.#close(new EngineError('vm-exited', 'the QMP connection broke', cause)))
    stream.on('close', () => this.#close(new EngineError('vm-exited', 'the QMP connection was closed')))
    stream.on('end', () => this.#close(new EngineError('vm-exited', 'the QMP connection was closed')))
  }

  /**
   * Waits for the greeting and leaves the negotiation mode.
   * @throws EngineError `time-out`, `vm-exited` if the stream ends first, `qmp-failed` for anything but QMP.
   */
  static async connect(stream: Duplex, deadlineMs: number): Promise<Qmp> {
    const qmp = new Qmp(stream)
    await qmp.#withDeadline('the greeting', deadlineMs, (resolve, reject) => {
      qmp.#greet = resolve
      qmp.once('closed', reject)
    })
    await qmp.execute('qmp_capabilities', {}, nothing, deadlineMs)
    return qmp
  }

  /** @throws EngineError `qmp-failed` with QEMU's words, or if the answer does not parse; `time-out`; `vm-exited`. */
  async execute<T>(command: string, args: Readonly<Record<string, unknown>>, answer: z.ZodType<T>, deadlineMs: number): Promise<T> {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#open.size + this.#abandoned.size >= mostOpenRequests) throw new EngineError('qmp-failed', `too many open requests for \`${command}\``)
    const id = this.#nextId++
    const value = await this.#withDeadline<unknown>(
      command,
      deadlineMs,
      (resolve, reject) => {
        this.#open.set(id, { resolve, reject })
        this.#stream.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`)
      },
      () => {
        this.#open.delete(id)
        this.#abandoned.add(id)
      },
    )
    const parsed = answer.safeParse(value)
    if (!parsed.success) throw new EngineError('qmp-failed', `the answer to \`${command}\` is not what QEMU documents`, parsed.error)
    return parsed.data
  }

  #withDeadline<T>(
    what: string,
    deadlineMs: number,
    begin: (resolve: (value: T) => void, reject: (error: EngineError) => void) => void,
    onTimeOut = (): void => undefined,
  ): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const timer = setTimeout(() => {
      onTimeOut()
      reject(new EngineError('time-out', `QEMU did not answer \`${what}\` within ${deadlineMs} ms`))
    }, deadlineMs)
    begin(resolve, reject)
    return promise.finally(() => clearTimeout(timer))
  }

  #receive(bytes: Buffer): void {
    this.#held = Buffer.concat([this.#held, bytes])
    try {
      for (let end = this.#held.indexOf(10); end >= 0 && this.#failure === undefined; end = this.#held.indexOf(10)) {
        const line = this.#held.subarray(0, end).toString('utf8').trim()
        this.#held = this.#held.subarray(end + 1)
        if (line !== '') this.#dispatch(parseQmpMessage(line))
      }
      if (this.#held.length > longestLine) throw new EngineError('qmp-failed', `a line of QMP is longer than ${longestLine} bytes`)
    } catch (error) {
      this.#close(error instanceof EngineError ? error : new EngineError('qmp-failed', 'a message of QMP could not be handled', error))
    }
  }

  #dispatch(message: QmpMessage): void {
    switch (message.kind) {
      case 'greeting': {
        if (this.#greet === undefined) throw new EngineError('qmp-failed', 'QEMU greeted twice')
        this.#greet(message.version)
        this.#greet = undefined
        return
      }
      case 'event':
        this.emit('event', message.name, message.data)
        return
      case 'success':
        this.#take(message.id)?.resolve(message.value)
        return
      case 'failure':
        this.#take(message.id)?.reject(new EngineError('qmp-failed', message.message))
        return
    }
  }

  #take(id: number): OpenRequest | undefined {
    const request = this.#open.get(id)
    if (request === undefined && !this.#abandoned.delete(id)) throw new EngineError('qmp-failed', `QEMU answered request ${id}, which nobody made`)
    this.#open.delete(id)
    return request
  }

  #close(error: EngineError): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    for (const request of this.#open.values()) request.reject(error)
    this.#open.clear()
    this.#stream.destroy()
    this.emit('closed', error)
  }
}
