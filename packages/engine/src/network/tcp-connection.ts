// SPDX-License-Identifier: Apache-2.0
//
// One TCP connection of the guest that ends in the switch itself (RFC 9293), as a stream. The link between the two loses and reorders next to
// nothing, so that it keeps no segment that came too early and sends everything again from the first byte that is missing. What it holds is
// bounded by a window of 64 KiB in each direction; without window scaling, which it does not offer.
import { Duplex } from 'node:stream'
import { tcpFlag } from './parse-packet.ts'

export interface Segment {
  readonly flags: number
  readonly sequence: number
  readonly ack: number
  readonly window: number
  readonly payload: Uint8Array
}

export interface ConnectionOptions {
  /** The SYN that began it. */
  readonly first: Segment
  /** The most bytes that the guest takes in one segment. */
  readonly segmentBytes: number
  /** Where our own sequence begins: not to be guessed. */
  readonly initial: number
  send(segment: Segment): void
  opened(connection: Duplex): void
  /** Once, when nothing more is sent. */
  over(): void
}

const WINDOW = 65_535
const RETRY_MS = 400
const MOST_TRIES = 8
/** Without a word of the guest, until it is asked for one: one that began anew answers that it knows no such connection (RFC 9293 3.8.4). */
const IDLE_MS = 60_000
const PUSH = 8
const NOTHING = new Uint8Array(0)

export class TcpConnection extends Duplex {
  readonly #options: ConnectionOptions
  #opened = false
  /** The first byte that the guest has not acknowledged; `#pending` begins with it. */
  #unacknowledged: number
  #next: number
  /** Behind all that was ever sent. */
  #sent: number
  #pending: Buffer = Buffer.alloc(0)
  #guestWindow: number
  #expects: number
  #advertised = WINDOW
  #written: (() => void) | null = null
  #ends: (() => void) | null = null
  #guestEnded = false
  /** Nothing is to be said any more. */
  #silent = false
  #tries = 0
  /** Runs while something waits to be acknowledged. */
  #retry: NodeJS.Timeout | undefined
  #idle: NodeJS.Timeout | undefined
  #heard = true

  constructor(options: ConnectionOptions) {
    super({ readableHighWaterMark: WINDOW, writableHighWaterMark: WINDOW })
    this.#options = options
    this.#unacknowledged = options.initial
    this.#next = this.#sent = (options.initial + 1) >>> 0
    this.#guestWindow = options.first.window
    this.#expects = (options.first.sequence + 1) >>> 0
    // Whoever serves it learns of its end by `close`.
    this.on('error', () => undefined)
    this.#greet()
  }

  /** A segment of the guest for this connection. */
  hear(segment: Segment): void {
    if (this.#silent) return
    this.#heard = true
    if ((segment.flags & tcpFlag.rst) !== 0) {
      if (!this.#inWindow(segment.sequence)) return
      this.#silent = true
      this.destroy()
      return
    }
    if ((segment.flags & tcpFlag.syn) !== 0) {
      // A guest that began anew answers what it does not know with a reset (RFC 9293 3.10.7.4).
      if (this.#opened) this.#say(tcpFlag.ack)
      else this.#greet()
      return
    }
    if ((segment.flags & tcpFlag.ack) === 0) return
    this.#acknowledged(segment)
    if (!this.#opened || this.destroyed) return
    const answered = this.#receive(segment)
    if (!this.#flush() && answered) this.#say(tcpFlag.ack)
    if (this.#guestEnded && this.#ends === null && this.writableFinished) this.#silent = true
  }

  /** All bytes leave by this, one way or another: only then there is room for more. */
  override read(size?: number): unknown {
    const taken: unknown = super.read(size)
    if (this.#opened && !this.#silent && this.#advertised < WINDOW / 2 && this.#window() >= WINDOW / 2) this.#say(tcpFlag.ack)
    return taken
  }

  /** What comes is pushed when it comes. */
  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#pending = Buffer.concat([this.#pending, chunk])
    this.#written = done
    this.#flush()
    this.#makeRoom()
  }

  override _final(done: () => void): void {
    this.#ends = done
    this.#flush()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#retry)
    clearInterval(this.#idle)
    const finished = this.#guestEnded && this.writableFinished
    if (!this.#silent && !finished) this.#options.send({ ...this.#segment(tcpFlag.rst | tcpFlag.ack), sequence: this.#next })
    this.#silent = true
    this.#options.over()
    done(error)
  }

  #acknowledged({ ack, window }: Segment): void {
    this.#guestWindow = window
    const count = (ack - this.#unacknowledged) | 0
    if (count <= 0 || count > ((this.#sent - this.#unacknowledged) | 0)) return
    this.#tries = 0
    this.#stopRetrying()
    this.#unacknowledged = ack
    if (((ack - this.#next) | 0) > 0) this.#next = ack
    if (!this.#opened) {
      this.#opened = true
      this.#idle = setInterval(() => this.#askIdle(), IDLE_MS).unref()
      this.#options.opened(this)
      return
    }
    const ended = count > this.#pending.length
    this.#pending = this.#pending.subarray(count)
    this.#makeRoom()
    if (!ended) return
    this.#ends?.()
    this.#ends = null
  }

  #makeRoom(): void {
    if (this.#written === null || this.#pending.length >= WINDOW) return
    const done = this.#written
    this.#written = null
    done()
  }

  /** @returns whether the guest is to be told how far it was heard */
  #receive({ flags, sequence, payload }: Segment): boolean {
    const ends = (flags & tcpFlag.fin) !== 0
    if (payload.length === 0 && !ends) return false
    const known = (this.#expects - sequence) | 0
    if (known < 0 || known > payload.length || this.#guestEnded) return true
    const fresh = payload.subarray(known, known + this.#window())
    if (fresh.length > 0) {
      this.#expects = (this.#expects + fresh.length) >>> 0
      this.push(Buffer.from(fresh))
    }
    if (ends && known + fresh.length === payload.length) {
      this.#expects = (this.#expects + 1) >>> 0
      this.#guestEnded = true
      this.push(null)
    }
    return true
  }

  /** Sends what the guest has room for. @returns whether it sent anything */
  #flush(window = this.#guestWindow): boolean {
    if (!this.#opened || this.#silent) return false
    const { segmentBytes } = this.#options
    let sent = false
    let at = (this.#next - this.#unacknowledged) | 0
    while (at < this.#pending.length && at < window) {
      const payload = this.#pending.subarray(at, Math.min(at + segmentBytes, window))
      this.#say(tcpFlag.ack | PUSH, payload)
      at += payload.length
      sent = true
    }
    // Behind its end there is nothing: `at` is beyond the pending bytes then.
    if (this.#ends !== null && at === this.#pending.length) {
      this.#say(tcpFlag.ack | tcpFlag.fin)
      sent = true
    }
    this.#watch()
    return sent
  }

  /** Again from the first byte that is missing, or one byte where the guest had no room. */
  #again(): void {
    this.#tries++
    if (this.#tries > MOST_TRIES) {
      this.destroy()
      return
    }
    if (!this.#opened) {
      this.#greet()
      return
    }
    this.#next = this.#unacknowledged
    this.#flush(Math.max(1, this.#guestWindow))
  }

  #watch(): void {
    const waits = !this.#opened || this.#pending.length > 0 || this.#ends !== null
    if (!waits) this.#stopRetrying()
    else
      this.#retry ??= setTimeout(
        () => {
          this.#retry = undefined
          this.#again()
        },
        RETRY_MS * 2 ** this.#tries,
      )
  }

  #stopRetrying(): void {
    clearTimeout(this.#retry)
    this.#retry = undefined
  }

  /** A byte before the next is acknowledged anew; a guest that is paused says nothing, and keeps its connection. */
  #askIdle(): void {
    if (!this.#heard && this.#retry === undefined) this.#options.send({ ...this.#segment(tcpFlag.ack), sequence: (this.#next - 1) >>> 0 })
    this.#heard = false
  }

  #greet(): void {
    this.#options.send({ ...this.#segment(tcpFlag.syn | tcpFlag.ack), sequence: this.#options.initial })
    this.#watch()
  }

  #say(flags: number, payload: Uint8Array = NOTHING): void {
    this.#options.send({ ...this.#segment(flags), payload })
    const length = payload.length + ((flags & tcpFlag.fin) === 0 ? 0 : 1)
    this.#next = (this.#next + length) >>> 0
    if (((this.#next - this.#sent) | 0) > 0) this.#sent = this.#next
  }

  #segment(flags: number): Segment {
    this.#advertised = this.#window()
    return { flags, sequence: this.#next, ack: this.#expects, window: this.#advertised, payload: NOTHING }
  }

  #window(): number {
    return Math.max(0, WINDOW - this.readableLength)
  }

  #inWindow(sequence: number): boolean {
    const ahead = (sequence - this.#expects) | 0
    return ahead >= 0 && ahead <= WINDOW
  }
}
