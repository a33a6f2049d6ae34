// SPDX-License-Identifier: Apache-2.0
import type { Reason } from '@casemate/policy/reason'

/** Stable codes: callers branch on them, messages are for people. Refusals of the console keep its own codes (`protocolError`). */
export type RuntimeErrorCode =
  | 'administrator-mode-locked'
  | 'administrator-mode-off'
  | 'administrator-mode-too-long'
  | 'already-activated'
  | 'already-enrolled'
  | 'answer-invalid'
  | 'console-refused'
  | 'console-unreachable'
  | 'daemon-running'
  | 'desktop-unknown'
  | 'device-key-elsewhere'
  | 'disk-full'
  | 'escrow-missing'
  | 'eula-altered'
  | 'eula-changed'
  | 'eula-none'
  | 'grant-missing'
  | 'grant-refused'
  | 'handover-older'
  | 'instance-unknown'
  | 'journal-altered'
  | 'journal-full'
  | 'move-needless'
  | 'moved-instance-invalid'
  | 'not-enrolled'
  | 'password-weak'
  | 'pin-mismatch'
  | 'port-taken'
  | 'refused'
  | 'request-refused'
  | 'rescue-none'
  | 'root-mismatch'
  | 'saved-state-kept'
  | 'saved-state-none'
  | 'sealing-key-failed'
  | 'session-failed'
  | 'session-open'
  | 'session-unknown'
  | 'state-altered'
  | 'setting-unknown'
  | 'stick-not-private'
  | 'storage-full'
  | 'tpm-failed'
  | 'tpm-missing'
  | 'tpm-not-carried'

export interface RefusalDetails {
  readonly cause?: unknown
  /** Why a decision was a refusal. */
  readonly reasons?: readonly Reason[]
}

/** The one error class of the daemon. */
export class RuntimeError extends Error {
  override readonly name = 'RuntimeError'
  readonly code: RuntimeErrorCode
  readonly reasons: readonly Reason[]

  constructor(code: RuntimeErrorCode, message: string, { cause, reasons = [] }: RefusalDetails = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.reasons = reasons
  }
}

/** The disk, or this user's share of it, is full: whatever was to be written was not, and may be tried again once there is room. */
export function isStorageFull(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT' || error.code === 'storage-full')
}

/** The stable code of whatever was thrown; `internal-fault` for what has none. */
export function codeOf(error: unknown): string {
  if (isStorageFull(error)) return 'storage-full'
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(error.code)
    ? error.code.slice(0, 64)
    : 'internal-fault'
}

export function messageOf(error: unknown): string {
  if (isStorageFull(error) && !(error instanceof RuntimeError))
    return `the disk of this computer's desktops is full: make room (${error.message})`.slice(0, 500)
  return (error instanceof Error ? error.message : String(error)).slice(0, 500)
}
