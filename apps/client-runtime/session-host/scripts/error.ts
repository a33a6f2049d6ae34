// SPDX-License-Identifier: Apache-2.0
import { CodedError } from '../coded-error.ts'

export type ScriptErrorCode = 'script-failed' | 'script-late' | 'script-unknown'

export class ScriptError extends CodedError<ScriptErrorCode> {
  override readonly name = 'ScriptError'
}
