// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto'

/** Something that the launcher shows may have changed. A name of a moment is good for one daemon; any other one is answered at once. */
export class Changes {
  readonly #boot = randomBytes(6).toString('hex')
  #count = 0
  #waiting = new Set<() => void>()

  get at(): string {
    return `${this.#boot}-${this.#count}`
  }

  note(): void {
    this.#count += 1
    const waiting = this.#waiting
    this.#waiting = new Set()
    for (const go of waiting) go()
  }

  /** Resolves when it is no longer `after`, or when `ms` have passed. */
  async next(after: string | null, ms: number): Promise<void> {
    if (after !== this.at || ms <= 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.add(resolve)
    const timer = setTimeout(resolve, ms)
    await promise
    clearTimeout(timer)
    this.#waiting.delete(resolve)
  }
}
