// SPDX-License-Identifier: Apache-2.0
import { CodedError } from '../coded-error.ts'

type CloneErrorCode = 'clone-base-altered' | 'clone-base-in-use' | 'clone-base-unknown' | 'clone-exists' | 'clone-not-now' | 'clone-unsupported'

export class CloneError extends CodedError<CloneErrorCode> {
  override readonly name = 'CloneError'
}
