// SPDX-License-Identifier: Apache-2.0

export type SnapshotErrorCode =
  | 'snapshot-altered'
  | 'snapshot-foreign'
  | 'snapshot-failed'
  | 'snapshot-not-now'
  | 'snapshot-refused'
  | 'snapshot-unknown'
  | 'snapshot-unsupported'
  | 'snapshots-full'

export class SnapshotError extends Error {
  override readonly name = 'SnapshotError'
  readonly code: SnapshotErrorCode

  constructor(code: SnapshotErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}
