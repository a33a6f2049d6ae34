// SPDX-License-Identifier: Apache-2.0
//
// AES-256-GCM (NIST SP 800-38D) with the nonce fixed to 12 zero bytes: only for a key that meets one message in its life.
// Keys are given as key objects: of bytes, Node 24 finds out what they are by errors that it throws and catches, for 12 us a call.
import { createCipheriv, createDecipheriv, createHmac, createSecretKey } from 'node:crypto'
import { release } from './release.ts'

const nonce = Buffer.alloc(12)
export const tagBytes = 16

/**
 * Chunks hold a disk's bytes, pages its index, the root the list of pages; customization and scripts are a package's files, the warm
 * state a VM that has booted. The kind is authenticated with the message.
 */
export type SealedKind = 'chunk' | 'page' | 'root' | 'customization' | 'scripts' | 'warm-state'

const labelOf = (kind: SealedKind): Buffer => Buffer.from(`${kind}-v1`)

/**
 * A key that is a function of exactly the bytes that it encrypts.
 * @param secret 32 bytes. @param digest SHA-256 of the message.
 */
export function messageKey(kind: SealedKind, secret: Uint8Array, digest: Uint8Array): Buffer {
  return createHmac('sha256', createSecretKey(secret)).update(labelOf(kind)).update(digest).digest()
}

/** @returns ciphertext | tag (16 bytes), in a buffer that shares its memory with nobody. */
export function encrypt(kind: SealedKind, key: Uint8Array, message: Uint8Array): Buffer<ArrayBuffer> {
  const cipher = createCipheriv('aes-256-gcm', createSecretKey(key), nonce, { authTagLength: tagBytes }).setAAD(labelOf(kind))
  const text = cipher.update(message)
  // A stream cipher: `final` gives no bytes.
  cipher.final()
  const object = Buffer.allocUnsafeSlow(text.length + tagBytes)
  object.set(text)
  object.set(cipher.getAuthTag(), text.length)
  release(text)
  return object
}

/** @param object at least 16 bytes. @throws Error when the tag is not right. */
export function decrypt(kind: SealedKind, key: Uint8Array, object: Uint8Array): Buffer<ArrayBuffer> {
  const end = object.length - tagBytes
  const decipher = createDecipheriv('aes-256-gcm', createSecretKey(key), nonce, { authTagLength: tagBytes })
    .setAAD(labelOf(kind))
    .setAuthTag(object.subarray(end))
  const message = decipher.update(object.subarray(0, end))
  // As above: it only checks the tag.
  decipher.final()
  return message
}
