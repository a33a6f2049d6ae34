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

  add(type: string, data: SessionEvent['data'] = {}): void {
    this.#seq += 1
    this.#events.push({ seq: this.#seq, type, data })
    if (this.#events.length > MOST) this.#events.shift()
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }

  after(seq: number): readonly SessionEvent[] {
    return this.#events.filter((event) => event.seq > seq)
  }

  /** Resolves with the next event added, whatever it is, or when `signal` fires. */
  next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }
}
