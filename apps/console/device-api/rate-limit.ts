// SPDX-License-Identifier: Apache-2.0
//
// A bucket a caller: so many calls at once, refilled evenly. In memory of one process.

export interface Rate {
  readonly burst: number
  readonly perMinute: number
}

/** What the device door allows; by address where nobody has proven who they are, else by device. */
export interface Limits {
  readonly enrol: Rate
  readonly time: Rate
  readonly unproven: Rate
  readonly calls: Rate
  readonly activate: Rate
  readonly files: Rate
}

export const defaultLimits: Limits = {
  enrol: { burst: 30, perMinute: 30 },
  time: { burst: 120, perMinute: 60 },
  unproven: { burst: 300, perMinute: 120 },
  calls: { burst: 120, perMinute: 60 },
  activate: { burst: 10, perMinute: 6 },
  files: { burst: 20_000, perMinute: 60_000 },
}

interface Bucket {
  left: number
  at: number
}

/** Callers of which the oldest are forgotten first. */
const most = 20_000

export class RateLimit {
  readonly #rate: Rate
  readonly #buckets = new Map<string, Bucket>()

  constructor(rate: Rate) {
    this.#rate = rate
  }

  /** @param now seconds. @returns seconds to wait; 0: go on, and one call less is left. */
  take(caller: string, now: number): number {
    const { burst, perMinute } = this.#rate
    const bucket = this.#buckets.get(caller) ?? { left: burst, at: now }
    bucket.left = Math.min(burst, bucket.left + (Math.max(0, now - bucket.at) * perMinute) / 60)
    bucket.at = now
    this.#buckets.delete(caller)
    this.#buckets.set(caller, bucket)
    const [oldest] = this.#buckets.keys()
    if (this.#buckets.size > most && oldest !== undefined) this.#buckets.delete(oldest)
    if (bucket.left < 1) return Math.ceil(((1 - bucket.left) * 60) / perMinute)
    bucket.left -= 1
    return 0
  }
}
