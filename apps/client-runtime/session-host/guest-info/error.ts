// SPDX-License-Identifier: Apache-2.0

/** Stable codes: callers branch on them, messages are for people. */
export type GuestInfoErrorCode = 'info-fixed' | 'info-refused' | 'info-too-large' | 'info-too-many' | 'info-unknown'

export class GuestInfoError extends Error {
  override readonly name = 'GuestInfoError'
  readonly code: GuestInfoErrorCode

  constructor(code: GuestInfoErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
