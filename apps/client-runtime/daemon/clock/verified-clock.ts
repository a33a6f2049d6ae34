// SPDX-License-Identifier: Apache-2.0
//
// The time that the daemon believes (PO-8), over what policy's `clock` says. Local ticks raise the floor, and only a signed and
// nonce-bound answer replaces it. The floor survives a crash up to the last half minute, well within the tolerance of the check.
import { type ClockState, clockState, firstClock, type LocalTime, readClock, replaceClock, tickClock } from '@casemate/policy/clock'
import { readState, writeState } from '../state-file.ts'
import type { Clock } from './system-clock.ts'

const persistEvery = 30

export class VerifiedClock {
  readonly #clock: Clock
  readonly #file: string
  #state: ClockState
  #written: number

  private constructor(clock: Clock, file: string, state: ClockState, written: number) {
    this.#clock = clock
    this.#file = file
    this.#state = state
    this.#written = written
  }

  /** @throws RuntimeError `state-altered` */
  static async open(clock: Clock, file: string): Promise<VerifiedClock> {
    const kept = await readState(file, clockState)
    const verified = new VerifiedClock(clock, file, kept ?? firstClock(localTime(clock)), kept?.floor ?? 0)
    await verified.tick()
    return verified
  }

  /** Unix seconds. */
  get now(): number {
    return readClock(this.#state, this.local).now
  }

  get behind(): boolean {
    return readClock(this.#state, this.local).behind
  }

  get local(): LocalTime {
    return localTime(this.#clock)
  }

  /** As facts: the system clock and the floor under it. */
  get reading(): { readonly system: number; readonly floor: number } {
    const local = this.local
    return { system: Math.floor(local.wall), floor: tickClock(this.#state, { ...local, wall: 0 }).floor }
  }

  /** Raises the floor; every half minute of it durably. */
  async tick(): Promise<void> {
    // A system clock that lags is no reason to take less than what was counted; it is refused elsewhere.
    this.#state = tickClock(this.#state, this.local)
    if (this.#state.floor - this.#written >= persistEvery) await this.#write()
  }

  /** @param signed time out of a verified answer to a fresh question, Unix seconds. */
  async replace(signed: number): Promise<void> {
    this.#state = replaceClock(signed, this.local)
    await this.#write()
  }

  async #write(): Promise<void> {
    const state = this.#state
    await writeState(this.#file, state)
    this.#written = state.floor
  }
}

function localTime(clock: Clock): LocalTime {
  return { wall: clock.wall(), boot: clock.boot, mono: clock.mono() }
}
