// SPDX-License-Identifier: Apache-2.0

/** Stable codes: callers branch on them, messages are for people. */
export type DemoGuestErrorCode =
  | 'download-failed'
  | 'image-invalid'
  | 'module-missing'
  | 'output-exists'
  | 'tool-failed'
  | 'tool-missing'
  | 'value-invalid'

/** The one error class of this tool. */
export class DemoGuestError extends Error {
  override readonly name = 'DemoGuestError'
  readonly code: DemoGuestErrorCode

  constructor(code: DemoGuestErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}
