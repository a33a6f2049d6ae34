// SPDX-License-Identifier: Apache-2.0
//
// What the disks of one VM may take on the host, all together. What they have taken by then stays theirs, whatever the limit.

/** Why a disk that did not answer stands. `held`: the limit. `room`: its share was used up, and it has more now. `other`: no limit of ours. */
export type StarvedBy = 'held' | 'room' | 'other'

export interface DiskGrowth {
  /** In bytes, null for none; in force when it resolves. */
  set(limitBytes: number | null): Promise<void>
  /** To be asked once after each `starved`. */
  whyStarved(disk: string): Promise<StarvedBy>
}

/** One that several disks of this process take from before they grow. */
export class GrowthBudget implements DiskGrowth {
  #limitBytes: number | null = null
  #takenBytes = 0
  #refused = false

  /** What is there already. */
  add(bytes: number): void {
    this.#takenBytes += bytes
  }

  /** @returns false where that would pass the limit; nothing is taken then. */
  take(bytes: number): boolean {
    if (bytes > 0 && this.#limitBytes !== null && this.#takenBytes + bytes > this.#limitBytes) {
      this.#refused = true
      return false
    }
    this.#takenBytes += bytes
    return true
  }

  async set(limitBytes: number | null): Promise<void> {
    this.#limitBytes = limitBytes
  }

  async whyStarved(): Promise<StarvedBy> {
    const refused = this.#refused
    this.#refused = false
    return refused ? 'held' : 'other'
  }
}

/**
 * How long each file may become so that all together stay within the limit: what it has, and an equal share of what is left. Where that is less
 * than a step, `first` has all of it.
 * @param takenBytes of each file
 */
export function shares(limitBytes: number, takenBytes: readonly number[], first: number, stepBytes: number): readonly number[] {
  const left = limitBytes - takenBytes.reduce((sum, bytes) => sum + bytes, 0)
  if (left <= 0) return takenBytes
  const each = Math.floor(left / takenBytes.length)
  return takenBytes.map((bytes, index) => bytes + (each >= stepBytes ? each : index === first ? left : 0))
}
