// SPDX-License-Identifier: Apache-2.0
//
// Who is at work on a store. Any number may write at once, and nobody cleans meanwhile: whoever comes first adds its claim, then looks
// for those of others, so that of two who come together at least one sees the other. A claim has an end and is renewed before it; one
// that a kill or a power cut has left behind lapses by itself. Whoever stood still for longer than its claim lasts finds out
// (`check`), since others may have gone on without it. The clocks of those who share a store must agree within half a minute.
import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { PackageError } from '../error.ts'
import type { ObjectStore } from './object-store.ts'

type Work = 'write' | 'clean'
export type ClaimedStore = Pick<ObjectStore, 'claims' | 'addClaim' | 'deleteClaim'>

/** How long a claim lasts and how often it is renewed, in ms. */
const lasts: Readonly<Record<Work, { readonly ms: number; readonly renewMs: number }>> = {
  write: { ms: 300_000, renewMs: 60_000 },
  clean: { ms: 30_000, renewMs: 10_000 },
}
const clockToleranceMs = 30_000
const retryMs = 250

export interface Claim {
  /** @throws PackageError `claim-lapsed` once it was not renewed in time. */
  check(): void
  release(): Promise<void>
}

/**
 * For whoever adds objects: until `release` nothing is deleted from the store. A cleaning under way is waited for.
 * @throws PackageError `store-busy` when it does not end; `seal-cancelled`, `store-unwritable`.
 */
export async function claimForWriting(store: ClaimedStore, signal?: AbortSignal, now: () => number = Date.now): Promise<Claim> {
  // As long as a claim to clean can last that nobody renews.
  const end = performance.now() + lasts.clean.ms + clockToleranceMs
  for (;;) {
    const claim = await Held.take(store, 'write', now)
    if (!(await isClaimed(store, ['clean'], claim.id, now()))) return claim
    await claim.release()
    if (performance.now() > end) throw busy('is being cleaned')
    await setTimeout(retryMs)
    if (signal?.aborted) throw new PackageError('seal-cancelled', 'the seal was cancelled while the store was being cleaned', signal.reason)
  }
}

/**
 * For whoever deletes.
 * @throws PackageError `store-busy` while anybody else writes or cleans; `store-unwritable`.
 */
export async function claimForCleaning(store: ClaimedStore, now: () => number = Date.now): Promise<Claim> {
  const claim = await Held.take(store, 'clean', now)
  if (!(await isClaimed(store, ['write', 'clean'], claim.id, now()))) return claim
  await claim.release()
  throw busy('is being written to or cleaned')
}

function busy(why: string): PackageError {
  return new PackageError('store-busy', `the object store ${why}; a claim that was left behind lapses within six minutes`)
}

async function isClaimed(store: ClaimedStore, works: readonly Work[], own: string, now: number): Promise<boolean> {
  return (await store.claims()).some((name) => {
    const { work, id, until } = /^(?<work>write|clean)-(?<id>[0-9a-f-]{36})-(?<until>[0-9]{1,15})$/.exec(name)?.groups ?? {}
    return works.some((wanted) => wanted === work) && id !== own && Number(until) + clockToleranceMs > now
  })
}

class Held implements Claim {
  readonly id = randomUUID()
  readonly #store: ClaimedStore
  readonly #work: Work
  readonly #now: () => number
  #until = 0
  #lapsed = false
  #renewing: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined

  private constructor(store: ClaimedStore, work: Work, now: () => number) {
    this.#store = store
    this.#work = work
    this.#now = now
  }

  static async take(store: ClaimedStore, work: Work, now: () => number): Promise<Held> {
    const held = new Held(store, work, now)
    await held.#extend()
    held.#timer = setInterval(() => {
      // A renewal that fails is tried again, until there is nothing left to renew.
      held.#renewing = held.#renewing.then(() => held.#renew()).catch(() => undefined)
    }, lasts[work].renewMs)
    held.#timer.unref()
    return held
  }

  check(): void {
    if (this.#now() >= this.#until) this.#lapsed = true
    if (!this.#lapsed) return
    throw new PackageError('claim-lapsed', 'this stood still for too long, and others may have changed the object store meanwhile: begin it again')
  }

  async release(): Promise<void> {
    clearInterval(this.#timer)
    await this.#renewing
    await this.#store.deleteClaim(this.#name(this.#until))
  }

  async #renew(): Promise<void> {
    this.check()
    const before = this.#name(this.#until)
    await this.#extend()
    await this.#store.deleteClaim(before)
  }

  async #extend(): Promise<void> {
    const until = this.#now() + lasts[this.#work].ms
    await this.#store.addClaim(this.#name(until))
    this.#until = until
  }

  #name(until: number): string {
    return `${this.#work}-${this.id}-${until}`
  }
}
