// SPDX-License-Identifier: Apache-2.0
import { UpdateError } from './error.ts'

export interface UpdateTime {
  /** Verified time, unix seconds: decides what has expired. */
  readonly now: number
  /** What the system clock says, unix seconds: tuf-js reads it and takes no other. */
  readonly systemNow: number
}

/** In seconds. */
export const mostClockDifference = 300

/** @throws UpdateError `clock-differs`: with such a system clock tuf-js would judge by a wrong time, so it is not called. */
export function checkClock({ now, systemNow }: UpdateTime): void {
  const difference = Math.abs(systemNow - now)
  // Written so that a time that is no number is refused too.
  if (!(difference <= mostClockDifference)) {
    throw new UpdateError(
      'clock-differs',
      `expected a system clock within ${mostClockDifference} seconds of verified time, found ${difference} seconds between them`,
    )
  }
}
