// SPDX-License-Identifier: Apache-2.0

/** A refusal by name. Stable codes: callers branch on them, messages are for people. */
export class CodedError<Code extends string> extends Error {
  readonly code: Code

  constructor(code: Code, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}
