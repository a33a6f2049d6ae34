// SPDX-License-Identifier: Apache-2.0

/** Stable codes: callers branch on them, messages are for people. */
export const mediumErrorCodes = ['drive-refused', 'medium-invalid', 'medium-unreadable'] as const
export type MediumErrorCode = (typeof mediumErrorCodes)[number]

export class MediumError extends Error {
  override readonly name = 'MediumError'
  readonly code: MediumErrorCode

  constructor(code: MediumErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}
