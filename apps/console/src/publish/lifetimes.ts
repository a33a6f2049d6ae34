// SPDX-License-Identifier: Apache-2.0
//
// How long each role's metadata stays valid. Short for what the console signs by itself: a device cannot be kept on an old state
// longer than the timestamp lives.
import type { OfflineRole } from './metadata.ts'

/** In seconds. */
export interface Lifetimes {
  readonly root: number
  readonly targets: number
  readonly delegated: number
  readonly snapshot: number
  readonly timestamp: number
}

const day = 86_400
export const defaultLifetimes: Lifetimes = { root: 365 * day, targets: 365 * day, delegated: 365 * day, snapshot: 7 * day, timestamp: day }

export const lifetimeOf = (role: OfflineRole | 'snapshot' | 'timestamp', lifetimes: Lifetimes): number =>
  role === 'packages' || role === 'policies' || role === 'releases' ? lifetimes.delegated : lifetimes[role]

/** `half` of the life is over: time to renew; `third`: less than a third is left, and nobody has renewed it. */
export type LifeState = 'long' | 'half' | 'third' | 'expired'

/**
 * How much of its life a version has left.
 * @param now unix seconds.
 */
export function lifeOf(
  role: OfflineRole | 'snapshot' | 'timestamp',
  expires: string,
  now: number,
  lifetimes: Lifetimes = defaultLifetimes,
): { readonly secondsLeft: number; readonly state: LifeState } {
  const [secondsLeft, life] = [secondsOf(expires) - now, lifetimeOf(role, lifetimes)]
  if (secondsLeft <= 0) return { secondsLeft, state: 'expired' }
  return { secondsLeft, state: secondsLeft < life / 3 ? 'third' : secondsLeft < life / 2 ? 'half' : 'long' }
}

/** @param seconds unix time. @returns the form that TUF asks for (4.2.1), whole seconds in UTC. */
export const dateText = (seconds: number): string => `${new Date(Math.floor(seconds) * 1000).toISOString().slice(0, 19)}Z`

/** @returns unix seconds. */
export const secondsOf = (expires: string): number => Date.parse(expires) / 1000
