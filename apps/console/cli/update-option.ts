// SPDX-License-Identifier: Apache-2.0
import { type Command, InvalidArgumentError } from 'commander'
import { readDuration } from './data-option.ts'

/** How devices come to a release. */
export interface UpdateOption {
  readonly keep?: number
  /** Seconds from now on. */
  readonly forceAfter?: number
}

export const withUpdate = (command: Command): Command =>
  command
    .option('--keep <number>', 'former releases whose system disks stay on a device once this one has booted, 0 to 8', readKeep)
    .option('--force-after <duration>', 'suspend sessions of another package from then on: now, 90s, 15m, 1h or 7d', (text) =>
      text === 'now' ? 0 : readDuration(text),
    )

/** Nothing where neither option was given. */
export function updateOf({ keep, forceAfter }: UpdateOption): { readonly update?: { readonly keep: number; readonly forceAt: number | null } } {
  if (keep === undefined && forceAfter === undefined) return {}
  return { update: { keep: keep ?? 0, forceAt: forceAfter === undefined ? null : Math.floor(Date.now() / 1000) + forceAfter } }
}

function readKeep(text: string): number {
  if (!/^[0-8]$/.test(text)) throw new InvalidArgumentError('expected a number from 0 to 8.')
  return Number(text)
}
