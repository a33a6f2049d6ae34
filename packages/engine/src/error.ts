// SPDX-License-Identifier: Apache-2.0

/** Stable codes: callers branch on them, messages are for people. */
export type EngineErrorCode =
  | 'capability-missing'
  | 'containment-missing'
  | 'disk-growth-reached'
  | 'engine-failed'
  | 'engine-missing'
  | 'engine-protocol'
  | 'firmware-missing'
  | 'folder-failed'
  | 'guest-agent-missing'
  | 'guest-agent-protocol'
  | 'guest-agent-refused'
  | 'guest-file-too-large'
  | 'image-failed'
  | 'lifecycle-refused'
  | 'nbd-closed'
  | 'nbd-protocol'
  | 'nbd-read-failed'
  | 'nbd-write-failed'
  | 'network-closed'
  | 'network-protocol'
  | 'network-rule-invalid'
  | 'overlay-altered'
  | 'overlay-exists'
  | 'overlay-in-use'
  | 'overlay-mismatch'
  | 'overlay-read-only'
  | 'qmp-failed'
  | 'rfb-protocol'
  | 'snapshot-failed'
  | 'spec-invalid'
  | 'state-altered'
  | 'state-mismatch'
  | 'suspend-failed'
  | 'time-out'
  | 'tpm-failed'
  | 'uplink-missing'
  | 'usb-changed'
  | 'usb-gone'
  | 'usb-missing'
  | 'usb-protocol'
  | 'usb-refused'
  | 'usb-rejected'
  | 'vm-exited'

/** The one error class of this package. */
export class EngineError extends Error {
  override readonly name = 'EngineError'
  readonly code: EngineErrorCode

  constructor(code: EngineErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}
