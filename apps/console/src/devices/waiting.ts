// SPDX-License-Identifier: Apache-2.0
//
// Devices that hold a call open until something is new for them. One call a device: a later one ends the earlier without an answer of
// substance, so that no two answers ever follow one lease. Within one process.

/** `superseded`: another call of the same device came. `ended`: the console stops, or the caller went away. */
export type Wake = 'news' | 'nothing' | 'superseded' | 'ended'

export interface Turn {
  /** Resolves once, with the first thing that happens; at once if it happened before. */
  readonly wake: Promise<Wake>
  /** Whoever waits no longer says so. */
  leave(wake: Wake): void
}

export class WaitingDevices {
  readonly #turns = new Map<string, Turn>()
  #closed = false

  /** Begins before the caller looks whether there is news, so that none is missed between. */
  enter(device: string): Turn {
    this.#turns.get(device)?.leave('superseded')
    const { promise, resolve } = Promise.withResolvers<Wake>()
    const turn: Turn = {
      wake: promise,
      leave: (wake) => {
        if (this.#turns.get(device) === turn) this.#turns.delete(device)
        resolve(wake)
      },
    }
    this.#turns.set(device, turn)
    if (this.#closed) turn.leave('ended')
    return turn
  }

  wake(device: string): void {
    this.#turns.get(device)?.leave('news')
  }

  wakeAll(): void {
    for (const turn of [...this.#turns.values()]) turn.leave('news')
  }

  close(): void {
    this.#closed = true
    for (const turn of [...this.#turns.values()]) turn.leave('ended')
  }
}
