// SPDX-License-Identifier: Apache-2.0
//
// How fast long work goes and when it will be done: for the command line, for jobs and for uploads alike. The rate is that of the last
// seconds, since a seal that comes from what is known to what is new, or a line that slows down, goes on at another.

/** In ms. */
const windowMs = 10_000
/** Marks closer than this replace each other, so that their number is bounded; a rate over less would jump. */
const leastMs = 200

interface Mark {
  /** In ms, by a clock that never goes back. */
  readonly at: number
  /** Bytes. */
  readonly done: number
}

export class Pace {
  /** Rising; the first one is the last that is not within the window. */
  readonly #marks: Mark[]

  /** @param begun where the work begins, or goes on. */
  constructor(begun: Mark) {
    this.#marks = [begun]
  }

  note(mark: Mark): void {
    const [last, before] = [this.#marks.at(-1), this.#marks.at(-2)]
    if (before !== undefined && last !== undefined && last.at - before.at < leastMs) this.#marks.pop()
    this.#marks.push(mark)
    const within = this.#marks.findIndex(({ at }) => mark.at - at < windowMs)
    if (within > 1) this.#marks.splice(0, within - 1)
  }

  /** Null: too early to say. */
  get bytesPerSecond(): number | null {
    const [first, last] = [this.#marks[0], this.#marks.at(-1)]
    if (first === undefined || last === undefined || last.at - first.at < leastMs) return null
    return (1000 * (last.done - first.done)) / (last.at - first.at)
  }

  /** At this rate; null: too early to say, it stands still, or nothing is left. */
  secondsLeft(total: number): number | null {
    const rate = this.bytesPerSecond
    const left = total - (this.#marks.at(-1)?.done ?? 0)
    return rate === null || rate <= 0 || left <= 0 ? null : left / rate
  }
}
