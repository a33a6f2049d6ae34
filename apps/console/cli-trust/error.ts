// SPDX-License-Identifier: Apache-2.0

export type TrustErrorCode =
  | 'device-key-invalid'
  | 'key-kind'
  | 'key-listed'
  | 'key-not-listed'
  | 'move-invalid'
  | 'name-taken'
  | 'plan-differs'
  | 'plan-invalid'
  | 'signature-file-invalid'
  | 'usage'

/** A failure of this command line itself; keys, files and the repository have their own. */
export class TrustError extends Error {
  override readonly name = 'TrustError'
  readonly code: TrustErrorCode

  constructor(code: TrustErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}
