// SPDX-License-Identifier: Apache-2.0
//
// A small record at rest: nonce (12 random bytes) | AES-256-GCM | tag (16), under a key of its own (instance-keys.ts).
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { PackageError } from '@casemate/vm-package/error'

const nonceBytes = 12
const tagBytes = 16

export function sealRecord(key: Uint8Array, plain: Uint8Array): Buffer {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** @throws PackageError `customization-altered` under another key, and for bytes that were changed. */
export function openRecord(key: Uint8Array, sealed: Uint8Array): Buffer {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes })
    decipher.setAuthTag(sealed.subarray(-tagBytes))
    return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, -tagBytes)), decipher.final()])
  } catch (cause) {
    throw new PackageError('customization-altered', 'what this instance was customized with was changed, or its key is another', cause)
  }
}
