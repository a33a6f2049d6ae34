// SPDX-License-Identifier: Apache-2.0
//
// Which proofs were used. Each is remembered for as long as it would pass the check of its time; when there are too many, nothing
// more is accepted rather than anything forgotten.

const most = 1_000_000

export class ReplayMemory {
  readonly #until = new Map<string, number>()
  readonly #now: () => number
  #sweepAt = 0

  constructor(now: () => number) {
    this.#now = now
  }

  /** @param until Unix seconds. @returns whether it was new. */
  claim(id: string, until: number): boolean {
    this.#sweep()
    if (this.#until.has(id) || this.#until.size >= most) return false
    this.#until.set(id, until)
    return true
  }

  #sweep(): void {
    const now = this.#now()
    if (now < this.#sweepAt && this.#until.size < most) return
    this.#sweepAt = now + 60
    for (const [id, until] of this.#until) if (until < now) this.#until.delete(id)
  }
}
