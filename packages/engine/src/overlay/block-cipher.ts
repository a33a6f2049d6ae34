// SPDX-License-Identifier: Apache-2.0
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { BLOCK } from './layout.ts'

/**
 * AES-256-XTS (IEEE 1619) with 4 KiB data units numbered by disk block. Confidential, not authenticated: a changed
 * ciphertext reads as other bytes.
 */
export function encryptBlocks(key: Buffer, firstBlock: number, plain: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(plain.length)
  for (let at = 0; at < plain.length; at += BLOCK) {
    const cipher = createCipheriv('aes-256-xts', key, tweak(firstBlock + at / BLOCK))
    out.set(cipher.update(plain.subarray(at, at + BLOCK)), at)
    cipher.final()
  }
  return out
}

export function decryptBlocks(key: Buffer, firstBlock: number, sealed: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(sealed.length)
  for (let at = 0; at < sealed.length; at += BLOCK) {
    const decipher = createDecipheriv('aes-256-xts', key, tweak(firstBlock + at / BLOCK))
    out.set(decipher.update(sealed.subarray(at, at + BLOCK)), at)
    decipher.final()
  }
  return out
}

function tweak(block: number): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeBigUInt64LE(BigInt(block))
  return bytes
}
