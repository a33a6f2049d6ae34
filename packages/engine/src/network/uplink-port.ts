// SPDX-License-Identifier: Apache-2.0
//
// Keeps an uplink running: starts it again when it ends, at growing intervals, and when the host's own network has changed, since passt
// takes its view of that at its start. While none is up, what is sent is lost, and `send` says so.
import type { Lan } from './lan.ts'
import { Uplink } from './uplink.ts'

const FIRST_RESTART_MS = 1000
const MAX_RESTART_MS = 30_000

export interface UplinkPortEvents {
  onState(state: 'up' | 'down', message: string): void
  onFrame(frame: Buffer): void
  onBatch(): void
}

export class UplinkPort {
  readonly #program: string
  readonly #lan: Lan
  readonly #events: UplinkPortEvents
  #uplink: Uplink | null = null
  #up = false
  #restartMs = FIRST_RESTART_MS
  #restart: NodeJS.Timeout | undefined
  #leaving: Promise<void> = Promise.resolve()

  /** Starts the first one. */
  constructor(program: string, lan: Lan, events: UplinkPortEvents) {
    this.#program = program
    this.#lan = lan
    this.#events = events
    this.#start()
  }

  get congested(): boolean {
    return this.#uplink?.congested ?? false
  }

  /** False where no uplink is up to take it. */
  send(frame: Buffer): boolean {
    if (this.#uplink === null || !this.#up) return false
    this.#uplink.send(frame)
    return true
  }

  setReading(reading: boolean): void {
    this.#uplink?.setReading(reading)
  }

  /** Ends the flows that go through it. */
  restart(): void {
    this.#leave()
    this.#restartMs = FIRST_RESTART_MS
    this.#start()
  }

  /** Resolves when no process is left. */
  async close(): Promise<void> {
    this.#leave()
    await this.#leaving
  }

  #leave(): void {
    clearTimeout(this.#restart)
    const uplink = this.#uplink
    this.#uplink = null
    this.#up = false
    if (uplink === null) return
    const before = this.#leaving
    this.#leaving = uplink.close().then(() => before)
  }

  #start(): void {
    const uplink = new Uplink(this.#program, this.#lan, {
      onUp: () => {
        this.#up = true
        this.#restartMs = FIRST_RESTART_MS
        this.#events.onState('up', '')
      },
      onFrame: this.#events.onFrame,
      onBatch: this.#events.onBatch,
      onDown: (message) => {
        if (this.#uplink !== uplink) return
        this.#uplink = null
        this.#up = false
        this.#restart = setTimeout(() => this.#start(), this.#restartMs)
        this.#restartMs = Math.min(this.#restartMs * 2, MAX_RESTART_MS)
        this.#events.onState('down', message)
        this.#events.onBatch()
      },
    })
    this.#uplink = uplink
  }
}
