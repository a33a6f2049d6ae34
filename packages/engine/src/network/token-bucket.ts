// SPDX-License-Identifier: Apache-2.0
//
// How fast one direction may go. What has come is let through and owed; nothing more is read until the debt is paid, so that nothing is
// lost and whoever sends is slowed down.
const MIN_BURST = 3028
const BURST_SECONDS = 0.05
const BYTES_PER_KBIT = 125

export class TokenBucket {
  #bytesPerMs: number | null = null
  #burst = 0
  #tokens = 0
  #at = 0

  /** `kbitPerSecond` null: no limit. A debt stays. */
  setRate(kbitPerSecond: number | null, now: number): void {
    this.#refill(now)
    this.#bytesPerMs = kbitPerSecond === null ? null : (kbitPerSecond * BYTES_PER_KBIT) / 1000
    this.#burst = Math.max(MIN_BURST, (kbitPerSecond ?? 0) * BYTES_PER_KBIT * BURST_SECONDS)
    this.#tokens = kbitPerSecond === null ? 0 : Math.min(this.#tokens, this.#burst)
  }

  take(bytes: number, now: number): void {
    if (this.#bytesPerMs === null) return
    this.#refill(now)
    this.#tokens -= bytes
  }

  /** Milliseconds until more may go; 0: at once. */
  wait(now: number): number {
    if (this.#bytesPerMs === null) return 0
    this.#refill(now)
    return this.#tokens > 0 ? 0 : Math.max(1, Math.ceil((1 - this.#tokens) / this.#bytesPerMs))
  }

  #refill(now: number): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) * (this.#bytesPerMs ?? 0))
    this.#at = now
  }
}
