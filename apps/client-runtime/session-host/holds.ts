// SPDX-License-Identifier: Apache-2.0
import type { Hold } from '../local-api.ts'

/** Reasons for the CPUs to stand still; the VM runs only while the set is empty. */
export class Holds {
  readonly #held = new Set<Hold>()

  get list(): readonly Hold[] {
    return [...this.#held]
  }

  get none(): boolean {
    return this.#held.size === 0
  }

  /** @returns whether this changed anything */
  add(reason: Hold): boolean {
    if (this.#held.has(reason)) return false
    this.#held.add(reason)
    return true
  }

  /** @returns whether this changed anything */
  remove(reason: Hold): boolean {
    return this.#held.delete(reason)
  }
}
