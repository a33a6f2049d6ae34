// SPDX-License-Identifier: Apache-2.0
//
// Holds one question to the console open, so that news arrives at once, and asks again by itself. One lease-giving call at a time: whoever
// needs another one ends the open question first. Failures are retried with growing pauses; nothing here ever gives up.
import { AsyncLocalStorage } from 'node:async_hooks'
import { codeOf, messageOf } from '../error.ts'

export interface ContactState {
  readonly connected: boolean
  /** Of the last failure, or null since the last success. */
  readonly fault: { readonly code: string; readonly message: string } | null
}

export interface ContactLoopOptions {
  /** One check-in and everything that follows from it. */
  readonly contact: (options: { readonly waitSeconds: number; readonly failures: number; readonly signal: AbortSignal }) => Promise<void>
  /** How long the console may hold the question. */
  readonly waitSeconds: () => number
  readonly onState?: () => void
}

const longestPauseMs = 30_000
const shortestHeldMs = 1000

export class ContactLoop {
  readonly #options: ContactLoopOptions
  readonly #inTurn = new AsyncLocalStorage<true>()
  #state: ContactState = { connected: false, fault: null }
  #turn: Promise<unknown> = Promise.resolve()
  #open = new AbortController()
  #pause: (() => void) | null = null
  #stopped = false
  #fresh = true
  #running: Promise<void> = Promise.resolve()

  constructor(options: ContactLoopOptions) {
    this.#options = options
  }

  get state(): ContactState {
    return this.#state
  }

  start(): void {
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.wake()
    await this.#running
  }

  /** Something is to be told: asks again now, without waiting for news. */
  wake(): void {
    this.#fresh = true
    this.#open.abort()
    this.#pause?.()
  }

  /** Another lease-giving call, with no question open beside it. */
  exclusive<T>(call: () => Promise<T>): Promise<T> {
    const done = this.#next(call)
    this.#open.abort()
    return done
  }

  #next<T>(call: () => Promise<T>): Promise<T> {
    if (this.#inTurn.getStore() === true) return call()
    const done = this.#turn.then(() => this.#inTurn.run(true, call))
    this.#turn = done.catch(() => undefined)
    return done
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#stopped; ) {
      let waitSeconds = 0
      const begun = performance.now()
      try {
        await this.#next(async () => {
          // Decided in its turn: what wakes it while it waits for that is not lost.
          waitSeconds = this.#fresh ? 0 : this.#options.waitSeconds()
          this.#open = new AbortController()
          this.#fresh = false
          await this.#options.contact({ waitSeconds, failures, signal: this.#open.signal })
        })
        failures = 0
        this.#setState({ connected: true, fault: null })
        // A console that does not hold the question is not to be asked without end.
        if (waitSeconds > 0 && performance.now() - begun < shortestHeldMs) await this.#rest(shortestHeldMs)
      } catch (error) {
        if (this.#open.signal.aborted) continue
        failures += 1
        this.#setState({ connected: false, fault: { code: codeOf(error), message: messageOf(error) } })
        await this.#rest(Math.min(longestPauseMs, 250 * 2 ** failures))
      }
    }
  }

  #setState(state: ContactState): void {
    this.#state = state
    this.#options.onState?.()
  }

  async #rest(ms: number): Promise<void> {
    if (this.#stopped || this.#fresh) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, ms)
    this.#pause = resolve
    await promise
    clearTimeout(timer)
    this.#pause = null
  }
}
