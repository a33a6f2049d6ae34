// SPDX-License-Identifier: Apache-2.0
import { CodedError } from '../coded-error.ts'

export type GuestInfoErrorCode = 'info-fixed' | 'info-refused' | 'info-too-large' | 'info-too-many' | 'info-unknown'

export class GuestInfoError extends CodedError<GuestInfoErrorCode> {
  override readonly name = 'GuestInfoError'
}
