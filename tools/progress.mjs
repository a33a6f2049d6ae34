// SPDX-License-Identifier: Apache-2.0
//
// How the long steps go that run just now, in one line: rewritten on a terminal, written four times a minute elsewhere. Used before
// anything is installed: no dependencies, Node 20 understands it.

const everyMs = { terminal: 250, log: 15_000 }

/** `75 s` */
const seconds = (ms) => `${Math.floor(ms / 1000)} s`

export class Progress {
  #out
  #begun
  /** @type {Set<{ what: string, since: number, measure: () => string | Promise<string> }>} */
  #running = new Set()
  /** @type {NodeJS.Timeout | undefined} */
  #timer
  #measuring = false

  /**
   * @param {{ isTTY?: boolean, columns?: number, write(text: string): unknown }} out
   * @param {number} begun milliseconds since the epoch; every line says how long after this it was written
   */
  constructor(out, begun = Date.now()) {
    this.#out = out
    this.#begun = begun
  }

  /**
   * A line that stays.
   * @param {string} line
   */
  tell(line) {
    this.#wipe()
    this.#out.write(`[${((Date.now() - this.#begun) / 1000).toFixed(1).padStart(6)} s] ${line}\n`)
  }

  /**
   * Does the work; what `measure` says of it is shown while it lasts, with the time it has taken.
   * @template T
   * @param {string} what
   * @param {() => Promise<T>} work
   * @param {() => string | Promise<string>} measure how far it is, such as `3 of 7 packages`; empty where nobody knows
   * @returns {Promise<T>}
   */
  async during(what, work, measure = () => '') {
    const step = { what, since: Date.now(), measure }
    this.#running.add(step)
    this.#timer ??= setInterval(() => this.#show(), this.#out.isTTY ? everyMs.terminal : everyMs.log)
    try {
      return await work()
    } finally {
      this.#running.delete(step)
      this.#wipe()
      if (this.#running.size === 0) {
        clearInterval(this.#timer)
        this.#timer = undefined
      }
    }
  }

  async #show() {
    if (this.#measuring) return
    this.#measuring = true
    const parts = await Promise.all(
      [...this.#running].map(async ({ what, since, measure }) => {
        // What is measured may vanish while it is looked at; the next look will do.
        const found = await Promise.resolve()
          .then(measure)
          .catch(() => '')
        return `${what}: ${found === '' ? '' : `${found}, `}${seconds(Date.now() - since)}`
      }),
    )
    this.#measuring = false
    if (this.#running.size === 0) return
    const line = parts.join('; ')
    if (!this.#out.isTTY) return this.tell(line)
    this.#wipe()
    this.#out.write(line.slice(0, (this.#out.columns || 80) - 1))
  }

  #wipe() {
    if (this.#out.isTTY) this.#out.write('\r\u001b[2K')
  }
}
