// SPDX-License-Identifier: Apache-2.0
import { CodedError } from './coded-error.ts'

export const mediumErrorCodes = ['drive-refused', 'medium-invalid', 'medium-unreadable'] as const
export type MediumErrorCode = (typeof mediumErrorCodes)[number]

export class MediumError extends CodedError<MediumErrorCode> {
  override readonly name = 'MediumError'
}
