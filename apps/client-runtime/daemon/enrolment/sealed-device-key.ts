// SPDX-License-Identifier: Apache-2.0
//
// The text of a software device key, sealed: AES-256-GCM under HKDF-SHA256 of the sealing key. Pure: keys and randomness are arguments.
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import { decodeBase64url, encodeBase64url } from '@casemate/policy/base64url'
import { canonicalJson } from '@casemate/policy/canonical-json'
import { bytesText } from '@casemate/policy/passphrase'
import { z } from 'zod'
import { RuntimeError } from '../error.ts'

const tagBytes = 16

export const sealedDeviceKey = z.strictObject({
  format: z.literal('casemate-sealed-device-key-1'),
  salt: bytesText(32),
  nonce: bytesText(12),
  /** The text's bytes, then the tag. */
  box: z.string().regex(/^[A-Za-z0-9_-]{40,4096}$/),
})
export type SealedDeviceKey = z.infer<typeof sealedDeviceKey>

/** @param random gives that many fresh random bytes; the salt makes a key for this one message. */
export function sealDeviceKey(secret: string, sealingKey: Uint8Array, random: (length: number) => Uint8Array): SealedDeviceKey {
  const head = { format: 'casemate-sealed-device-key-1' as const, salt: encodeBase64url(random(32)), nonce: encodeBase64url(random(12)) }
  const cipher = createCipheriv('aes-256-gcm', boxKey(sealingKey, head.salt), decodeBase64url(head.nonce))
  cipher.setAAD(clearPart(head))
  const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()])
  return { ...head, box: encodeBase64url(new Uint8Array(sealed)) }
}

/** @throws RuntimeError `device-key-elsewhere`: another sealing key, or an altered box; the two cannot be told apart. */
export function unsealDeviceKey({ box, ...head }: SealedDeviceKey, sealingKey: Uint8Array): string {
  try {
    const sealed = decodeBase64url(box)
    const decipher = createDecipheriv('aes-256-gcm', boxKey(sealingKey, head.salt), decodeBase64url(head.nonce), { authTagLength: tagBytes })
    decipher.setAAD(clearPart(head))
    decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes))
    return Buffer.concat([decipher.update(sealed.subarray(0, sealed.length - tagBytes)), decipher.final()]).toString('utf8')
  } catch (cause) {
    throw new RuntimeError('device-key-elsewhere', 'the key of this device was sealed on another computer, by another user, or was altered', {
      cause,
    })
  }
}

const clearPart = (head: Omit<SealedDeviceKey, 'box'>) => Buffer.from(canonicalJson({ ...head }))

const boxKey = (sealingKey: Uint8Array, salt: string) =>
  new Uint8Array(hkdfSync('sha256', sealingKey, decodeBase64url(salt), 'casemate-device-key-seal-v1', 32))
