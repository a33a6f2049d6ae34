// SPDX-License-Identifier: Apache-2.0

/** A LUKS passphrase is text to QEMU, so the 32-byte key goes in as 64 hexadecimal digits. The caller owns the copy. */
export function passphraseOf(key: Uint8Array): Uint8Array {
  return Buffer.from(Buffer.from(key).toString('hex'), 'ascii')
}
