// SPDX-License-Identifier: Apache-2.0
//
// Sealing: the key of a message is a function of exactly the bytes that it encrypts, so that it never meets two messages and the
// nonce can be fixed. Never derive it from the plain bytes: another zstd level would then reuse a nonce under one key.
import { createHmac, hash } from 'node:crypto'
import { encrypt, labelOf } from './cipher.ts'

export interface SealedObject {
  /** SHA-256 of `bytes` in hex. */
  readonly name: string
  /** 32 bytes. */
  readonly key: Buffer
  readonly bytes: Buffer
}

/** @param orgKey K_org, 32 bytes; no device holds it. */
export function sealMessage(kind: 'chunk' | 'page', orgKey: Uint8Array, message: Uint8Array): SealedObject {
  const key = createHmac('sha256', orgKey)
    .update(labelOf(kind))
    .update(hash('sha256', message, 'buffer'))
    .digest()
  const bytes = encrypt(kind, key, message)
  return { name: hash('sha256', bytes, 'hex'), key, bytes }
}
