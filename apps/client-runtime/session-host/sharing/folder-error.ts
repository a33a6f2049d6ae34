// SPDX-License-Identifier: Apache-2.0

/** Stable codes: callers branch on them, messages are for people. */
export const folderErrorCodes = ['folder-forbidden', 'folder-missing', 'folder-refused', 'folder-unknown', 'folders-too-many'] as const
export type FolderErrorCode = (typeof folderErrorCodes)[number]

export class FolderError extends Error {
  override readonly name = 'FolderError'
  readonly code: FolderErrorCode

  constructor(code: FolderErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}
