// SPDX-License-Identifier: Apache-2.0
import { CodedError } from '../coded-error.ts'

export type FolderErrorCode = 'folder-forbidden' | 'folder-missing' | 'folder-refused' | 'folder-unknown' | 'folders-too-many'

export class FolderError extends CodedError<FolderErrorCode> {
  override readonly name = 'FolderError'
}
