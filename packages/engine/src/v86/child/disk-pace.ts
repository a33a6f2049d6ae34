// SPDX-License-Identifier: Apache-2.0
//
// How fast all disks of a VM may go, together. What waits for its turn has not been sent yet, so no disk counts as silent meanwhile.
import { TokenBucket } from '../../network/token-bucket.ts'

const KBIT_PER_KIB = 8.192
/** Under a limit, writes that queued up go in pieces of this, each in its turn. */
const MOST_AT_ONCE = 128 * 1024

export class DiskPace {
  private readonly bucket = new TokenBucket()
  private limited = false
  private waiting: (() => void)[] = []

  get mostAtOnce(): number {
    return this.limited ? MOST_AT_ONCE : Number.POSITIVE_INFINITY
  }

  setRate(kibPerSecond: number | null): void {
    this.limited = kibPerSecond !== null
    this.bucket.setRate(kibPerSecond === null ? null : kibPerSecond * KBIT_PER_KIB, now())
    this.wake()
  }

  /** Resolves once so many bytes may go; at once where `hurried` says so, and what goes then is owed. */
  async turn(bytes: number, hurried: () => boolean): Promise<void> {
    for (let wait = this.bucket.wait(now()); wait > 0 && !hurried(); wait = this.bucket.wait(now())) await this.sleep(wait)
    this.bucket.take(bytes, now())
  }

  /** Whoever waits looks again. */
  wake(): void {
    const waiting = this.waiting
    this.waiting = []
    for (const resolve of waiting) resolve()
  }

  private sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.wake(), milliseconds)
      this.waiting.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }
}

/** `performance.now` is the guest's clock in this process. */
function now(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
