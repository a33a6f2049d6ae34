// SPDX-License-Identifier: Apache-2.0

interface Held {
  readonly first: number
  readonly end: number
  readonly done: Promise<void>
}

/** Runs acts on overlapping block ranges one after the other, in the order they were asked for. */
export class RangeLock {
  private readonly held = new Set<Held>()

  async run<T>(first: number, end: number, act: () => Promise<T>): Promise<T> {
    const before = [...this.held].filter((other) => other.first < end && first < other.end).map((other) => other.done)
    const { promise, resolve } = Promise.withResolvers<void>()
    const mine = { first, end, done: promise }
    this.held.add(mine)
    try {
      await Promise.all(before)
      return await act()
    } finally {
      this.held.delete(mine)
      resolve()
    }
  }
}
