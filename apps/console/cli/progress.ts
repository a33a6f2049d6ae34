// SPDX-License-Identifier: Apache-2.0
import { Pace } from '../src/jobs/pace.ts'
import { bytesText } from './output.ts'

/** How often a line is written, in ms: on a terminal it replaces itself, in a log it adds up. */
const interval = { terminal: 200, log: 5000 } as const

/** Progress of a long act on standard error, with rate and, where the total is known, time left. */
export class Progress {
  readonly #what: string
  readonly #began = performance.now()
  /** From the first update on: what is opened before says nothing of how fast the rest goes. */
  #pace: Pace | null = null
  #written = 0

  constructor(what: string) {
    this.#what = what
  }

  /** @param done bytes so far. @param total bytes, where it is known. */
  update(done: number, total?: number): void {
    const now = performance.now()
    this.#pace ??= new Pace({ at: now, done })
    this.#pace.note({ at: now, done })
    if (this.#written > 0 && now - this.#written < (process.stderr.isTTY ? interval.terminal : interval.log)) return
    this.#written = now
    const left = total === undefined ? null : this.#pace.secondsLeft(total)
    this.#write(this.#line(done, total, this.#pace.bytesPerSecond, left), false)
  }

  /** The last line, with the rate of it all. */
  finish(done: number, total?: number): void {
    this.#write(this.#line(done, total, (1000 * done) / Math.max(1, performance.now() - this.#began), null), true)
  }

  #line(done: number, total: number | undefined, rate: number | null, left: number | null): string {
    const of = total === undefined ? '' : ` of ${bytesText(total)}`
    const speed = rate === null ? '' : `, ${bytesText(rate)}/s`
    return `${this.#what} ${bytesText(done)}${of}${speed}${left === null ? '' : `, about ${Math.ceil(left)} s left`}`
  }

  #write(line: string, last: boolean): void {
    if (!process.stderr.isTTY) process.stderr.write(`${line}\n`)
    else process.stderr.write(`\r\u001b[2K${line}${last ? '\n' : ''}`)
  }
}
