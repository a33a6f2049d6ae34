// SPDX-License-Identifier: Apache-2.0
//
// Watches the daemon and the plan's deadlines. A daemon that is silent for a minute holds the VM, one that is silent for ten
// has it suspended: a session whose policy nobody can change any more does not go on (docs/architecture.md).
import { phaseAt } from './deadlines.ts'
import type { Session } from './session.ts'

export interface WatchLimits {
  readonly silenceHoldsMs: number
  readonly silenceSuspendsMs: number
}

export const LIMITS: WatchLimits = { silenceHoldsMs: 60_000, silenceSuspendsMs: 600_000 }

export class Watch {
  readonly #session: Session
  readonly #limits: WatchLimits
  /** Milliseconds that only rise, host sleep included or not as the host's clock does. */
  readonly #monotonic: () => number
  #lastHeard: number
  /** Verified time at `#lastHeard`, from the daemon; null until it has spoken once. */
  #verified: number | null = null

  constructor(session: Session, limits: WatchLimits, monotonic: () => number) {
    this.#session = session
    this.#limits = limits
    this.#monotonic = monotonic
    this.#lastHeard = monotonic()
  }

  /** @param now Unix seconds on the daemon's verified clock */
  heartbeat(now: number): void {
    this.#lastHeard = this.#monotonic()
    this.#verified = now
    this.#session.release('daemon')
    this.tick()
  }

  /** Called at least once a second and after each change of the plan. */
  tick(): void {
    const silent = this.#monotonic() - this.#lastHeard
    if (silent >= this.#limits.silenceSuspendsMs) {
      void this.#session.close('suspend')
      return
    }
    if (silent >= this.#limits.silenceHoldsMs) this.#session.hold('daemon')
    if (this.#verified !== null) this.#session.enter(phaseAt(this.#session.plan.deadlines, this.#verified + Math.floor(silent / 1000)))
  }
}
