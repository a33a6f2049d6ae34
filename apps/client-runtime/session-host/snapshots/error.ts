// SPDX-License-Identifier: Apache-2.0

/** Stable codes: callers branch on them, messages are for people. */
export const snapshotErrorCodes = [
  'snapshot-altered',
  'snapshot-foreign',
  'snapshot-failed',
  'snapshot-not-now',
  'snapshot-refused',
  'snapshot-unknown',
  'snapshot-unsupported',
  'snapshots-full',
] as const
export type SnapshotErrorCode = (typeof snapshotErrorCodes)[number]

export class SnapshotError extends Error {
  override readonly name = 'SnapshotError'
  readonly code: SnapshotErrorCode

  constructor(code: SnapshotErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}
