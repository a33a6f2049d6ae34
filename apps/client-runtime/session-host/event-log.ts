// SPDX-License-Identifier: Apache-2.0
import type { SessionEvent } from '../local-api.ts'

const MOST = 10_000

/**
 * What happened in this session, numbered from 1, until the daemon has journaled it. Beyond the limit the oldest go and the
 * gap shows in the numbers; a daemon that is silent for that long has had its session suspended before.
 */
export class EventLog {
  #events: SessionEvent[] = []
  #seq = 0
  #waiting: (() => void)[] = []
  /** Everything up to here is with the daemon; null while nobody has asked. */
  #heard: number | null = null
  #listening: (() => void)[] = []

  add(type: string, data: SessionEvent['data'] = {}): void {
    this.#seq += 1
    this.#events.push({ seq: this.#seq, type, data })
    if (this.#events.length > MOST) this.#events.shift()
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }

  /** Whoever asks for what comes after an event has that event. */
  after(seq: number): readonly SessionEvent[] {
    this.#heard = Math.max(this.#heard ?? 0, seq)
    if (this.#heard >= this.#seq) for (const go of this.#listening.splice(0)) go()
    return this.#events.filter((event) => event.seq > seq)
  }

  /**
   * Before the door closes: resolves once the daemon has the last event, so that a session's end is not lost between two of its
   * questions. At once where nobody ever asked.
   */
  async lastHeard(limitMs: number): Promise<void> {
    if (this.#heard === null || this.#heard >= this.#seq) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, limitMs)
    this.#listening.push(resolve)
    await promise
    clearTimeout(timer)
  }

  /** Resolves with the next event added, whatever it is, or when `signal` fires. */
  next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }
}
