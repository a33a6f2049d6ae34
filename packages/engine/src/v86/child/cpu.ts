// SPDX-License-Identifier: Apache-2.0
import type { GuestClock } from './browser-globals.ts'
import type { Emulator } from './hooks.ts'

/**
 * The CPU runs while nothing holds it: the user's pause, a disk that does not answer, a save. Guest time stands still with it.
 * Starts held by `user`.
 */
export class HeldCpu {
  private readonly emulator: Pick<Emulator, 'run' | 'stop' | 'is_running'>
  private readonly clock: GuestClock
  private readonly holds = new Set<string>(['user'])
  private settling: Promise<void> = Promise.resolve()

  constructor(emulator: Pick<Emulator, 'run' | 'stop' | 'is_running'>, clock: GuestClock) {
    this.emulator = emulator
    this.clock = clock
  }

  /** Resolves once the CPU stands still. */
  hold(reason: string): Promise<void> {
    this.holds.add(reason)
    return this.settle()
  }

  release(reason: string): Promise<void> {
    this.holds.delete(reason)
    return this.settle()
  }

  /** One change at a time: v86 forgets a stop that is overtaken by a run. */
  private settle(): Promise<void> {
    this.settling = this.settling.then(async () => {
      if (this.holds.size === 0) {
        if (this.emulator.is_running()) return
        this.clock.run()
        await this.emulator.run()
      } else if (this.emulator.is_running()) {
        await this.emulator.stop()
        this.clock.halt()
      }
    })
    return this.settling
  }
}
