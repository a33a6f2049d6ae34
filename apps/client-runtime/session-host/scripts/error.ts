// SPDX-License-Identifier: Apache-2.0

/** Stable codes: callers branch on them, messages are for people. */
export type ScriptErrorCode = 'script-failed' | 'script-late' | 'script-unknown'

export class ScriptError extends Error {
  override readonly name = 'ScriptError'
  readonly code: ScriptErrorCode

  constructor(code: ScriptErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
