// SPDX-License-Identifier: Apache-2.0

/** Runs one piece of work at a time, in the order of the calls. Not re-entrant. */
export class FairLock {
  #last: Promise<void> = Promise.resolve()

  /** Resolves or rejects as `work` does; a failure does not reach whoever comes next. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#last
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#last = promise
    await before
    try {
      return await work()
    } finally {
      resolve()
    }
  }
}
