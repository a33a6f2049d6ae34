// SPDX-License-Identifier: Apache-2.0
//
// Opening: nothing of an object is given out before its length, its name and its tag were right. Nothing in here knows K_org.
import { hash } from 'node:crypto'
import { PackageError } from '../error.ts'
import { decrypt, type SealedKind, tagBytes } from './cipher.ts'
import { decodeMessage, isMessageLength } from './codec.ts'
import { release } from './release.ts'

/** How a chunk or a page is found and opened. */
export interface ObjectRef {
  /** SHA-256 of the object in hex. */
  readonly name: string
  /** 32 bytes. */
  readonly key: Uint8Array
  /** Bytes in the store. */
  readonly storedLength: number
}

/** Whether an object for `plainLength` bytes may have `storedLength` bytes; checked before anything is fetched. */
export function isObjectLength(storedLength: number, plainLength: number): boolean {
  return isMessageLength(storedLength - tagBytes, plainLength)
}

/**
 * @returns the `plainLength` bytes that were sealed.
 * @throws PackageError `<kind>-altered`
 */
export function openObject(kind: 'chunk' | 'page' | 'warm-state', object: Uint8Array, ref: ObjectRef, plainLength: number): Buffer {
  const message = openSealed(kind, object, ref)
  const plain = decodeMessage(message, plainLength, (why, cause) => altered(kind, ref.name, why, cause))
  // What was stored as it is lies in its message.
  if (plain.buffer !== message.buffer) release(message)
  return plain
}

/**
 * Length, name, tag, in this order.
 * @throws PackageError `<kind>-altered`
 */
export function openSealed(kind: SealedKind, object: Uint8Array, ref: ObjectRef): Buffer<ArrayBuffer> {
  checkSealed(kind, object, ref)
  try {
    return decrypt(kind, ref.key, object)
  } catch (cause) {
    throw altered(kind, ref.name, 'its key does not open it', cause)
  }
}

/** Length and name: whether these are the bytes that were sealed, without a look into them. @throws PackageError `<kind>-altered` */
export function checkSealed(kind: SealedKind, object: Uint8Array, ref: Pick<ObjectRef, 'name' | 'storedLength'>): void {
  if (object.length !== ref.storedLength || object.length < tagBytes) {
    throw altered(kind, ref.name, `expected ${ref.storedLength} bytes, found ${object.length}`)
  }
  const found = hash('sha256', object, 'hex')
  if (found !== ref.name) throw altered(kind, ref.name, `its bytes have the SHA-256 \`${found}\``)
}

export function altered(kind: SealedKind, name: string, why: string, cause?: unknown): PackageError {
  return new PackageError(`${kind}-altered`, `${kind} \`${name}\` is not what was sealed: ${why}`, cause, { object: name })
}
