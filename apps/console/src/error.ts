// SPDX-License-Identifier: Apache-2.0
import type { ProtocolError } from '@casemate/policy/protocol'

/** Stable codes: callers branch on them, messages are for people. What a device is told has the names of the protocol. */
export type ConsoleErrorCode =
  | ProtocolError
  | 'address-missing'
  | 'audit-altered'
  | 'data-exists'
  | 'data-invalid'
  | 'disk-full'
  | 'disk-unbootable'
  | 'disk-unready'
  | 'exists'
  | 'help-desk-key-missing'
  | 'input-invalid'
  | 'object-missing'
  | 'origin-refused'
  | 'override-refused'
  | 'pages-missing'
  | 'path-too-long'
  | 'port-taken'
  | 'rescue-refused'
  | 'right-missing'
  | 'sign-in-needed'
  | 'too-many-tries'
  | 'upload-refused'

/** The console's own refusals; publishing and the database have a class each. */
export class ConsoleError extends Error {
  override readonly name = 'ConsoleError'
  readonly code: ConsoleErrorCode
  /** A signed answer that goes with the refusal (see `errorBody` of the protocol). */
  readonly token: string | undefined

  constructor(code: ConsoleErrorCode, message: string, more: { readonly cause?: unknown; readonly token?: string } = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause })
    this.code = code
    this.token = more.token
  }
}
