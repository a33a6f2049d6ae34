// SPDX-License-Identifier: Apache-2.0

export type AdminErrorCode =
  | 'console-unreachable'
  | 'disk-unknown'
  | 'exists'
  | 'file-unreadable'
  | 'file-unwritable'
  | 'machine-invalid'
  | 'pending-altered'
  | 'package-missing'
  | 'passphrase'
  | 'usage'

/** A failure of the command line itself; `blame` decides the exit code. */
export class AdminError extends Error {
  override readonly name = 'AdminError'
  readonly code: AdminErrorCode
  readonly blame: 'refused' | 'usage' | 'environment'

  constructor(blame: 'refused' | 'usage' | 'environment', code: AdminErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.blame = blame
    this.code = code
  }
}
