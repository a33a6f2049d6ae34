// SPDX-License-Identifier: Apache-2.0

/** Stable codes: callers branch on them, messages are for people. */
export type PolicyErrorCode =
  | 'base64url-invalid'
  | 'enrolment-code-expired'
  | 'enrolment-code-invalid'
  | 'instance-key-invalid'
  | 'journal-entry-invalid'
  | 'json-depth'
  | 'json-duplicate-key'
  | 'json-invalid'
  | 'json-size'
  | 'key-invalid'
  | 'key-list-invalid'
  | 'lease-device'
  | 'lease-expired'
  | 'lease-fork'
  | 'lease-issuer'
  | 'lease-nonce'
  | 'lease-older'
  | 'lease-release-older'
  | 'lease-repository'
  | 'network-rule-invalid'
  | 'network-rules-too-many'
  | 'override-device'
  | 'override-expired'
  | 'override-issuer'
  | 'override-not-yet-valid'
  | 'override-used'
  | 'package-key-invalid'
  | 'password-missing'
  | 'password-wrong'
  | 'policy-invalid'
  | 'policy-test-failed'
  | 'proof-replayed'
  | 'proof-request'
  | 'proof-time'
  | 'release-invalid'
  | 'report-device'
  | 'rescue-code-invalid'
  | 'rescue-code-used'
  | 'rescue-code-wrong'
  | 'rescue-request-invalid'
  | 'sealed-key-invalid'
  | 'sealed-key-kind'
  | 'sealed-key-passphrase'
  | 'time-answer'
  | 'token-alg'
  | 'token-claims'
  | 'token-crit'
  | 'token-decryption'
  | 'token-form'
  | 'token-header'
  | 'token-key'
  | 'token-signature'
  | 'token-size'
  | 'token-typ'
  | 'tpm-invalid'
  | 'yaml-invalid'

/** The one error class of this package. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError'
  readonly code: PolicyErrorCode

  constructor(code: PolicyErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}
