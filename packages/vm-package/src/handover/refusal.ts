// SPDX-License-Identifier: Apache-2.0
import { PackageError } from '../error.ts'

export function unreadable(path: string, cause: unknown): PackageError {
  return new PackageError('handover-unreadable', `\`${path}\` cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
}

export function invalid(why: string, cause?: unknown): PackageError {
  return new PackageError('handover-invalid', `expected a file of \`casemate-admin export\`: ${why}`, cause)
}

export function incomplete(why: string, cause?: unknown): PackageError {
  return new PackageError('handover-incomplete', `the file is not whole: ${why}`, cause)
}
