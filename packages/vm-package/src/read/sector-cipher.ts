// SPDX-License-Identifier: Apache-2.0
//
// AES-256-GCM for each sector of 4 KiB, so that one can be read alone. The key lives as long as one scratch file, and a counter that
// only rises gives each sector that is ever written under it a nonce of its own. Key objects, as in `chunk/cipher.ts`: bytes would more
// than double the time for a sector.
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import { tagBytes } from '../chunk/cipher.ts'
import { blockBytes as sectorBytes } from '../chunk/cut.ts'

const algorithm = 'aes-256-gcm'

/** @param counter below 2^48. */
function nonceOf(counter: number): Buffer {
  const nonce = Buffer.alloc(12)
  nonce.writeUIntBE(counter, 6, 6)
  return nonce
}

/** @param plain whole sectors; sector n is sealed under `counter` + n. @returns as many bytes, and 16 bytes of tag for each sector. */
export function sealSectors(key: Uint8Array, counter: number, plain: Uint8Array): { readonly sealed: Buffer; readonly tags: Uint8Array } {
  const sealed = Buffer.allocUnsafeSlow(plain.length)
  const secret = createSecretKey(key)
  const tags = new Uint8Array((plain.length / sectorBytes) * tagBytes)
  for (let sector = 0; sector * sectorBytes < plain.length; sector += 1) {
    const at = sector * sectorBytes
    const cipher = createCipheriv(algorithm, secret, nonceOf(counter + sector), { authTagLength: tagBytes })
    sealed.set(cipher.update(plain.subarray(at, at + sectorBytes)), at)
    cipher.final()
    tags.set(cipher.getAuthTag(), sector * tagBytes)
  }
  return { sealed, tags }
}

/** @returns null when the sector is not what was sealed under `counter`. */
export function openSector(key: KeyObject, counter: number, sealed: Uint8Array, tag: Uint8Array): Buffer | null {
  const decipher = createDecipheriv(algorithm, key, nonceOf(counter), { authTagLength: tagBytes }).setAuthTag(tag)
  const plain = decipher.update(sealed)
  try {
    decipher.final()
    return plain
  } catch {
    return null
  }
}
