// SPDX-License-Identifier: Apache-2.0

/** Stable codes: callers branch on them, messages are for people. */
type CloneErrorCode = 'clone-base-altered' | 'clone-base-in-use' | 'clone-base-unknown' | 'clone-exists' | 'clone-not-now' | 'clone-unsupported'

export class CloneError extends Error {
  override readonly name = 'CloneError'
  readonly code: CloneErrorCode

  constructor(code: CloneErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}
