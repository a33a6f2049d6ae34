// SPDX-License-Identifier: Apache-2.0
//
// tuf-js says why it refuses in words only: it puts errors into the text of others, and their classes have no names. The table is
// of the exact version in package.json; a text that it does not know is still a refusal.
import { UpdateError, type UpdateErrorCode } from './error.ts'

const texts: readonly (readonly [RegExp, UpdateErrorCode])[] = [
  [/was signed by \d+\/\d+ keys/, 'threshold-not-met'],
  [/\bis expired\b/, 'metadata-expired'],
  [/is less than current version|Missing file .* in new snapshot/, 'rollback'],
  [/Expected version \d+, got|does not match snapshot version|Snapshot version doesn't match timestamp/, 'version-mismatch'],
  [/Expected (?:length|hash) /, 'metadata-altered'],
  [/^Failed to persist metadata/, 'storage-failed'],
  [/Missing .* in snapshot/, 'role-missing'],
]

/** @returns the error itself when it has a code already. */
export function nameRefusal(error: unknown): UpdateError {
  if (error instanceof UpdateError) return error
  const text = error instanceof Error ? error.message : String(error)
  if (error instanceof Error && 'syscall' in error) return new UpdateError('storage-failed', `a file could not be read or written: ${text}`, error)
  const code = texts.find(([pattern]) => pattern.test(text))?.[1] ?? 'metadata-invalid'
  return new UpdateError(code, `the update is refused: ${text}`, error)
}
