// SPDX-License-Identifier: Apache-2.0
//
// One client of the QEMU guest agent on one stream. The other end is whatever the guest makes of it, so every answer is hostile: lines are
// bounded and never kept beyond the bound, each answer is parsed strictly, one request is open at a time, and whatever comes unasked is
// dropped. After a silence or nonsense the next request first finds the stream again by the agent's own means.
// Source: QEMU Guest Agent Protocol Reference 7.2, `guest-sync-delimited`.
import type { Duplex } from 'node:stream'
import { z } from 'zod'
import { EngineError } from '../error.ts'

/** Ends whatever the other side was in the middle of; no byte of JSON. */
const sentinel = 0xff
const newline = 10

/** An answer with 512 KiB of a command's output in base64 fits. */
export const longestAnswer = 1 << 20

const reply = z.union([
  z.strictObject({ return: z.unknown() }),
  z.strictObject({ error: z.strictObject({ class: z.string().max(100), desc: z.string().max(4096) }) }),
])

export class AgentChannel {
  readonly #stream: Duplex
  #last: Promise<unknown> = Promise.resolve()
  #closed: EngineError | undefined
  /** Whether the next line is the answer to the next request. */
  #inStep = false
  #nextSync = 1
  #held: Buffer = Buffer.alloc(0)
  /** Who waits for a line, or for the sentinel; nobody: all is dropped. */
  #waiting:
    | { readonly until: 'line' | 'sentinel'; readonly resolve: (line: string) => void; readonly reject: (error: EngineError) => void }
    | undefined

  constructor(stream: Duplex) {
    this.#stream = stream
    stream.on('data', (bytes: Buffer) => this.#receive(bytes))
    stream.on('error', (cause) => this.#close(cause))
    stream.on('end', () => this.#close())
    stream.on('close', () => this.#close())
  }

  /**
   * @param deadlineMs for the answer; finding the stream again may take as long once more.
   * @throws EngineError `guest-agent-missing` (nobody answers), `guest-agent-refused` (with the agent's words), `guest-agent-protocol`,
   * `time-out` (it answered before, and not this).
   */
  execute<T>(command: string, args: Readonly<Record<string, unknown>>, answer: z.ZodType<T>, deadlineMs: number): Promise<T> {
    return this.#inTurn(async () => {
      await this.#findStep(deadlineMs)
      const line = await this.#ask(
        this.#spell(command, args),
        'line',
        deadlineMs,
        () => new EngineError('time-out', `the guest agent did not answer \`${command}\` within ${deadlineMs} ms`),
      )
      const parsed = answer.safeParse(this.#returned(command, line))
      if (!parsed.success)
        throw new EngineError('guest-agent-protocol', `the answer to \`${command}\` is not what the guest agent documents`, parsed.error)
      return parsed.data
    })
  }

  /** For the requests that have no answer where they succeed. @throws EngineError `guest-agent-missing`. */
  send(command: string, args: Readonly<Record<string, unknown>>, deadlineMs: number): Promise<void> {
    return this.#inTurn(async () => {
      await this.#findStep(deadlineMs)
      // Where it fails it answers; that is found and dropped before the next request.
      this.#inStep = false
      this.#stream.write(this.#spell(command, args))
    })
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(() => {
      if (this.#closed !== undefined) throw this.#closed
      return act()
    })
    this.#last = turn.catch(() => undefined)
    return turn
  }

  async #findStep(deadlineMs: number): Promise<void> {
    // A line that is there already answers nothing that was asked.
    if (this.#inStep && this.#held.length === 0) return
    const end = performance.now() + deadlineMs
    const missing = () => new EngineError('guest-agent-missing', `no guest agent answered within ${deadlineMs} ms`)
    const id = this.#nextSync++
    const question = Buffer.concat([Buffer.of(sentinel), this.#spell('guest-sync-delimited', { id })])
    await this.#ask(question, 'sentinel', deadlineMs, missing)
    for (;;) {
      const left = Math.max(1, end - performance.now())
      const line = await this.#ask(Buffer.alloc(0), 'line', left, missing)
      // Answers to earlier questions may still come before it.
      if (isAnswerTo(line, id)) break
      this.#inStep = false
      await this.#ask(Buffer.alloc(0), 'sentinel', left, missing)
    }
    this.#inStep = true
  }

  async #ask(bytes: Uint8Array, until: 'line' | 'sentinel', deadlineMs: number, late: () => EngineError): Promise<string> {
    if (this.#closed !== undefined) throw this.#closed
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const timer = setTimeout(() => reject(late()), deadlineMs)
    this.#waiting = { until, resolve, reject }
    // First: a stream may answer while it is written to.
    if (this.#held.length > 0) this.#receive(Buffer.alloc(0))
    if (bytes.length > 0) this.#stream.write(bytes)
    try {
      return await promise
    } catch (error) {
      this.#inStep = false
      throw error
    } finally {
      clearTimeout(timer)
      this.#waiting = undefined
    }
  }

  #returned(command: string, line: string): unknown {
    const parsed = reply.safeParse(parseJson(line))
    if (!parsed.success) {
      this.#inStep = false
      throw new EngineError('guest-agent-protocol', `expected an answer to \`${command}\`, found something else`, parsed.error)
    }
    if ('error' in parsed.data)
      throw new EngineError('guest-agent-refused', `the guest agent refused \`${command}\`: ${printable(parsed.data.error.desc)}`)
    return parsed.data.return
  }

  #receive(bytes: Buffer): void {
    const waiting = this.#waiting
    if (waiting === undefined) {
      // Unasked: what comes next need not be an answer.
      if (bytes.length > 0) this.#inStep = false
      this.#held = Buffer.alloc(0)
      return
    }
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes])
    const end = this.#held.indexOf(waiting.until === 'line' ? newline : sentinel)
    if (end < 0) {
      if (waiting.until === 'sentinel') this.#held = Buffer.alloc(0)
      if (this.#held.length <= longestAnswer) return
      this.#held = Buffer.alloc(0)
      waiting.reject(new EngineError('guest-agent-protocol', `an answer of the guest agent is longer than ${longestAnswer} bytes`))
      return
    }
    const line = this.#held.subarray(0, end)
    // Copied, so that a short rest does not keep a long answer.
    this.#held = Buffer.from(this.#held.subarray(end + 1))
    this.#waiting = undefined
    waiting.resolve(waiting.until === 'line' ? line.toString('utf8') : '')
  }

  #close(cause?: unknown): void {
    if (this.#closed !== undefined) return
    this.#closed = new EngineError('guest-agent-missing', 'the channel to the guest agent was closed', cause)
    this.#waiting?.reject(this.#closed)
  }

  #spell(command: string, args: Readonly<Record<string, unknown>>): Buffer {
    return Buffer.from(`${JSON.stringify({ execute: command, arguments: args })}\n`)
  }
}

/** What a guest says, fit for a line of a message or a screen. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]+/gu, ' ').trim()
}

function isAnswerTo(line: string, id: number): boolean {
  const parsed = z.strictObject({ return: z.literal(id) }).safeParse(parseJson(line))
  return parsed.success
}

/** Undefined for what is no JSON, which no schema takes. */
function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
