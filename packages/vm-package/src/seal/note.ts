// SPDX-License-Identifier: Apache-2.0

/** Something that does not keep a package from being sealed and that its author should know before the long part. */
export interface SealNote {
  readonly code: 'boot-code-missing' | 'boot-signature-missing' | 'boots-by-efi-only' | 'store-may-fill'
  /** For people. */
  readonly message: string
}
