// SPDX-License-Identifier: Apache-2.0

/** Stable codes: callers branch on them, messages are for people. */
export type UpdateErrorCode =
  | 'already-initialised'
  | 'clock-differs'
  | 'copy-altered'
  | 'copy-missing'
  | 'duplicate-signature'
  | 'key-under-two-ids'
  | 'metadata-altered'
  | 'metadata-expired'
  | 'metadata-invalid'
  | 'not-initialised'
  | 'not-refreshed'
  | 'organisation-root'
  | 'path-invalid'
  | 'release-invalid'
  | 'role-missing'
  | 'rollback'
  | 'root-mismatch'
  | 'runtime-current'
  | 'server-refused'
  | 'storage-failed'
  | 'target-altered'
  | 'target-unknown'
  | 'threshold-not-met'
  | 'threshold-unsound'
  | 'too-large'
  | 'too-slow'
  | 'unreachable'
  | 'vendor-invalid'
  | 'vendor-missing'
  | 'version-mismatch'

/** The one error class of updates: whatever it says, the verified copy is as it was. */
export class UpdateError extends Error {
  override readonly name = 'UpdateError'
  readonly code: UpdateErrorCode

  constructor(code: UpdateErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}
