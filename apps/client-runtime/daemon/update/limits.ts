// SPDX-License-Identifier: Apache-2.0

/** Of one file each. */
export interface Limits {
  /** In bytes. */
  readonly root: number
  readonly timestamp: number
  readonly snapshot: number
  /** `targets` and each delegated role. */
  readonly targets: number
  /** A target itself. */
  readonly target: number
  /** From the request to the last byte. */
  readonly milliseconds: number
}

export const defaultLimits: Limits = {
  root: 512_000,
  timestamp: 16_384,
  snapshot: 2_000_000,
  targets: 5_000_000,
  target: 16_777_216,
  milliseconds: 60_000,
}

/** Roots that are followed in one refresh. */
export const mostRoots = 256
/** Delegated roles that are visited for one target. */
export const mostDelegations = 32
