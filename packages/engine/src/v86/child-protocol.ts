// SPDX-License-Identifier: Apache-2.0
import type { EngineErrorCode } from '../error.ts'
import type { DiskCounters } from '../stats/vm-stats.ts'

/** The codes a child may report; anything else that goes wrong in it is `engine-failed`. */
export const childErrorCodes = [
  'engine-failed',
  'engine-missing',
  'engine-protocol',
  'nbd-closed',
  'nbd-protocol',
  'nbd-read-failed',
  'nbd-write-failed',
  'network-closed',
  'state-altered',
  'time-out',
] as const satisfies readonly EngineErrorCode[]

export type ChildErrorCode = (typeof childErrorCodes)[number]

export type ChildReport =
  | { readonly type: 'ready' }
  | { readonly type: 'done'; readonly id: number }
  /** In the order of the config; without the medium. */
  | { readonly type: 'counted'; readonly id: number; readonly disks: readonly DiskCounters[] }
  | { readonly type: 'failed'; readonly id: number; readonly code: ChildErrorCode; readonly message: string }
  /** The disk did not answer; the CPU stands still until `resume`. */
  | { readonly type: 'starved'; readonly disk: string; readonly message: string }
  | { readonly type: 'serial'; readonly base64: string }
  /** The guest switched itself off. */
  | { readonly type: 'off'; readonly message: string }
  | { readonly type: 'fatal'; readonly code: ChildErrorCode; readonly message: string }
