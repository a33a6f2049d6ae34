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

export const lifetimeOf = (role: OfflineRole, lifetimes: Lifetimes): number =>
  role === 'root' || role === 'targets' ? lifetimes[role] : lifetimes.delegated

/** @param seconds unix time. @returns the form that TUF asks for (4.2.1), whole seconds in UTC. */
export const dateText = (seconds: number): string => `${new Date(Math.floor(seconds) * 1000).toISOString().slice(0, 19)}Z`

/** @returns unix seconds. */
export const secondsOf = (expires: string): number => Date.parse(expires) / 1000
