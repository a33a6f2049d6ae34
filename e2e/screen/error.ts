// SPDX-License-Identifier: Apache-2.0

/** Stable codes: callers branch on them, messages are for people. */
export type ScreenErrorCode = 'closed' | 'font-missing' | 'key-unknown' | 'protocol' | 'refused' | 'time-out'

/** The one error class of this folder. */
export class ScreenError extends Error {
  override readonly name = 'ScreenError'
  readonly code: ScreenErrorCode

  constructor(code: ScreenErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}
