// SPDX-License-Identifier: Apache-2.0
import { bytesText } from './output.ts'

/** How often a line is written, in ms: on a terminal it replaces itself, in a log it adds up. */
const interval = { terminal: 200, log: 5000 } as const

/** Progress of a long act on standard error, with rate and, where the total is known, time left. */
export class Progress {
  readonly #what: string
  readonly #began = performance.now()
  #written = 0

  constructor(what: string) {
    this.#what = what
  }

  /** @param done bytes so far. @param total bytes, where it is known. */
  update(done: number, total?: number): void {
    const now = performance.now()
    if (this.#written > 0 && now - this.#written < (process.stderr.isTTY ? interval.terminal : interval.log)) return
    this.#written = now
    this.#write(this.#line(done, total, now), false)
  }

  /** The last line. */
  finish(done: number, total?: number): void {
    this.#write(this.#line(done, total, performance.now()), true)
  }

  #line(done: number, total: number | undefined, now: number): string {
    const seconds = Math.max(0.001, (now - this.#began) / 1000)
    const rate = done / seconds
    const of = total === undefined ? '' : ` of ${bytesText(total)}`
    const left = total === undefined || rate === 0 || done >= total ? '' : `, ${Math.ceil((total - done) / rate)} s left`
    return `${this.#what} ${bytesText(done)}${of}, ${bytesText(rate)}/s${left}`
  }

  #write(line: string, last: boolean): void {
    if (!process.stderr.isTTY) process.stderr.write(`${line}\n`)
    else process.stderr.write(`\r\u001b[2K${line}${last ? '\n' : ''}`)
  }
}
