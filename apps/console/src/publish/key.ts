// SPDX-License-Identifier: Apache-2.0
//
// Keys of the repository's roles. Private halves never come here: whoever holds one passes a function that signs.
import { createHash } from 'node:crypto'
import { PublishError } from './error.ts'
import type { TufKey } from './metadata.ts'

export interface PublicKey {
  /** 64 hex digits: {@link keyIdOf} of `publicKey`. */
  readonly keyId: string
  /** Ed25519 (RFC 8032), 32 bytes. */
  readonly publicKey: Uint8Array
}

/** A key that people sign with. Two keys of one holder count as one approval. */
export interface HeldKey extends PublicKey {
  /** The person, by the console's name for them. */
  readonly holder: string
}

export interface Signer extends PublicKey {
  /** @returns an Ed25519 signature of `bytes`, 64 bytes. */
  sign(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>
}

/** A role's keys and how many of them must sign. */
export interface RoleKeys<K extends PublicKey = HeldKey> {
  readonly keys: readonly K[]
  readonly threshold: number
}

export const tufKeyOf = (publicKey: Uint8Array): TufKey => ({
  keytype: 'ed25519',
  scheme: 'ed25519',
  keyval: { public: Buffer.from(publicKey).toString('hex') },
})

/** The id that TUF's specification gives a key (4.2): SHA-256 of its canonical JSON. */
export function keyIdOf(publicKey: Uint8Array): string {
  if (publicKey.byteLength !== 32) throw new PublishError('key-invalid', `expected an Ed25519 key of 32 bytes, found ${publicKey.byteLength}`)
  const { public: text } = tufKeyOf(publicKey).keyval
  return createHash('sha256').update(`{"keytype":"ed25519","keyval":{"public":"${text}"},"scheme":"ed25519"}`).digest('hex')
}

/**
 * The `keys` table of a document over all of its roles; a key may serve several roles under its one id.
 * @throws PublishError `key-under-two-ids` (it would count twice towards a threshold), `key-id-wrong`, `key-invalid`.
 */
export function keyTable(all: readonly PublicKey[]): Record<string, TufKey> {
  const idOf = new Map<string, string>()
  for (const { keyId, publicKey } of all) {
    const text = Buffer.from(publicKey).toString('hex')
    const known = idOf.get(text)
    if (known !== undefined && known !== keyId) {
      throw new PublishError('key-under-two-ids', `one public key is given under the ids \`${known}\` and \`${keyId}\``)
    }
    idOf.set(text, keyId)
  }
  for (const { keyId, publicKey } of all) {
    const expected = keyIdOf(publicKey)
    if (keyId !== expected) throw new PublishError('key-id-wrong', `expected the key id \`${expected}\`, found \`${keyId}\``)
  }
  return Object.fromEntries(all.map(({ keyId, publicKey }) => [keyId, tufKeyOf(publicKey)]))
}

/**
 * @param bounds.approvals how many different approvals the role's keys can give.
 * @param bounds.most highest threshold that the role may have.
 * @throws PublishError `threshold-invalid` when it could not be met, `key-under-two-ids` when an id is listed twice.
 */
export function roleOf(
  name: string,
  role: RoleKeys<PublicKey>,
  bounds: { approvals: number; most: number },
): { keyids: string[]; threshold: number } {
  const keyids = role.keys.map((key) => key.keyId)
  if (new Set(keyids).size !== keyids.length) throw new PublishError('key-under-two-ids', `a key of role \`${name}\` is listed twice`)
  const most = Math.min(bounds.most, bounds.approvals)
  if (!Number.isSafeInteger(role.threshold) || role.threshold < 1 || role.threshold > most) {
    throw new PublishError('threshold-invalid', `expected a threshold of 1 to ${most} for role \`${name}\`, found ${role.threshold}`)
  }
  return { keyids, threshold: role.threshold }
}
