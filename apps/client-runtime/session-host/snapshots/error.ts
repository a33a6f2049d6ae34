// SPDX-License-Identifier: Apache-2.0
import { CodedError } from '../coded-error.ts'

export const snapshotErrorCodes = [
  'snapshot-altered',
  'snapshot-foreign',
  'snapshot-failed',
  'snapshot-not-now',
  'snapshot-refused',
  'snapshot-unknown',
  'snapshot-unsupported',
  'snapshots-full',
] as const
export type SnapshotErrorCode = (typeof snapshotErrorCodes)[number]

export class SnapshotError extends CodedError<SnapshotErrorCode> {
  override readonly name = 'SnapshotError'
}
