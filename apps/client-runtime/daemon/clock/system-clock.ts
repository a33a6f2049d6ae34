// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'
import { uptime } from 'node:os'

/** Where the daemon has its time from: an argument of its constructor, never a flag or an environment variable. */
export interface Clock {
  /** Unix seconds of the system clock. */
  wall(): number
  /** Seconds since the boot `boot`; only forward. */
  mono(): number
  readonly boot: string
}

/** CLOCK_REALTIME and CLOCK_BOOTTIME of this host; the boot's id is that of random(4). */
export function systemClock(): Clock {
  return {
    wall: () => Date.now() / 1000,
    mono: () => uptime(),
    boot: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
  }
}
