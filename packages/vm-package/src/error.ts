// SPDX-License-Identifier: Apache-2.0

/** Stable codes: callers branch on them, messages are for people. */
export type PackageErrorCode =
  | 'appliance-digest'
  | 'appliance-invalid'
  | 'appliance-refers-elsewhere'
  | 'appliance-unsupported'
  | 'chunk-altered'
  | 'chunk-late'
  | 'chunk-missing'
  | 'claim-lapsed'
  | 'customization-altered'
  | 'customization-invalid'
  | 'customization-missing'
  | 'customization-secret-missing'
  | 'disk-empty'
  | 'disk-invalid'
  | 'disk-too-large'
  | 'scripts-altered'
  | 'scripts-invalid'
  | 'scripts-missing'
  | 'eula-invalid'
  | 'eula-missing'
  | 'handover-incomplete'
  | 'handover-invalid'
  | 'handover-unreadable'
  | 'image-damaged'
  | 'image-refers-elsewhere'
  | 'image-unsupported'
  | 'json-duplicate-key'
  | 'json-invalid'
  | 'key-invalid'
  | 'key-refused'
  | 'manifest-altered'
  | 'manifest-invalid'
  | 'nbd-protocol'
  | 'object-altered'
  | 'object-missing'
  | 'object-name-invalid'
  | 'object-too-long'
  | 'object-truncated'
  | 'object-unreadable'
  | 'page-altered'
  | 'page-missing'
  | 'prefetch-altered'
  | 'prefetch-invalid'
  | 'prefetch-missing'
  | 'range-invalid'
  | 'root-altered'
  | 'root-missing'
  | 'seal-cancelled'
  | 'source-changed'
  | 'source-unreadable'
  | 'store-busy'
  | 'store-full'
  | 'store-missing'
  | 'store-unwritable'
  | 'tool-missing'
  | 'warm-state-altered'
  | 'warm-state-invalid'
  | 'warm-state-missing'

/** What an error is about, where it is about one disk or one object. */
export interface PackageErrorSubject {
  readonly disk?: string
  /** Name of the object: SHA-256 of its bytes in hex. */
  readonly object?: string
}

/** The one error class of this package. */
export class PackageError extends Error {
  override readonly name = 'PackageError'
  readonly code: PackageErrorCode
  readonly subject: PackageErrorSubject

  constructor(code: PackageErrorCode, message: string, cause?: unknown, subject: PackageErrorSubject = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.subject = subject
  }
}
