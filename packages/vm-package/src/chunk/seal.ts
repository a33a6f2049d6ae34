// SPDX-License-Identifier: Apache-2.0
//
// Sealing: the key of a message is a function of exactly the bytes that it encrypts, so that it never meets two messages and the
// nonce can be fixed. Never derive it from the plain bytes: another zstd level would then reuse a nonce under one key.
import { hash } from 'node:crypto'
import { encrypt, messageKey } from './cipher.ts'

export interface SealedObject {
  /** SHA-256 of `bytes` in hex. */
  readonly name: string
  /** 32 bytes. */
  readonly key: Buffer
  /** Shares its memory with nobody. */
  readonly bytes: Buffer<ArrayBuffer>
}

/** @param secret 32 bytes: K_org for chunks and pages, which no device holds; the warm key of a package for its warm state. */
export function sealMessage(kind: 'chunk' | 'page' | 'warm-state', secret: Uint8Array, message: Uint8Array): SealedObject {
  const key = messageKey(kind, secret, hash('sha256', message, 'buffer'))
  const bytes = encrypt(kind, key, message)
  return { name: hash('sha256', bytes, 'hex'), key, bytes }
}
