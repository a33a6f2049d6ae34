// SPDX-License-Identifier: Apache-2.0
//
// What v86 takes from its surroundings when it is imported: `ImageData`, without which it draws no graphics mode, and
// `performance.now`, which is the guest's time. Ours stands still while the CPU does, so a pause is no time-out to the guest.

class PlainImageData {
  readonly data: Uint8ClampedArray
  readonly width: number
  readonly height: number

  constructor(data: Uint8ClampedArray, width: number, height: number) {
    this.data = data
    this.width = width
    this.height = height
  }
}

/** Guest time in milliseconds. */
export class GuestClock {
  private readonly real: () => number
  private elapsed = 0
  private runningSince: number | null = null

  constructor(real: () => number) {
    this.real = real
  }

  now(): number {
    return this.elapsed + (this.runningSince === null ? 0 : this.real() - this.runningSince)
  }

  run(): void {
    this.runningSince ??= this.real()
  }

  halt(): void {
    this.elapsed = this.now()
    this.runningSince = null
  }

  /** Continues at `now`, as a restored guest expects. */
  set(now: number): void {
    this.elapsed = now
    if (this.runningSince !== null) this.runningSince = this.real()
  }
}

/** Call before v86 is imported. */
export function installBrowserGlobals(): GuestClock {
  const clock = new GuestClock(performance.now.bind(performance))
  Object.defineProperty(globalThis, 'ImageData', { value: PlainImageData })
  Object.defineProperty(performance, 'now', { value: () => clock.now() })
  return clock
}
