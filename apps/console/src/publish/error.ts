// SPDX-License-Identifier: Apache-2.0

/** Stable codes: callers branch on them, messages are for people. */
export type PublishErrorCode =
  | 'holder-changed'
  | 'holder-signed'
  | 'key-id-wrong'
  | 'key-invalid'
  | 'key-not-in-role'
  | 'key-signed'
  | 'key-under-two-ids'
  | 'log-entry-missing'
  | 'log-file-invalid'
  | 'log-forked'
  | 'log-inconsistent'
  | 'log-proof-invalid'
  | 'log-shrunk'
  | 'metadata-invalid'
  | 'online-key-missing'
  | 'path-invalid'
  | 'pending-altered'
  | 'pending-exists'
  | 'pending-missing'
  | 'repository-busy'
  | 'repository-exists'
  | 'repository-invalid'
  | 'repository-missing'
  | 'role-not-delegated'
  | 'serial-not-rising'
  | 'signature-invalid'
  | 'storage-full'
  | 'target-exists'
  | 'target-missing'
  | 'threshold-invalid'
  | 'too-large'

/** The one error class of publishing. */
export class PublishError extends Error {
  override readonly name = 'PublishError'
  readonly code: PublishErrorCode

  constructor(code: PublishErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}
