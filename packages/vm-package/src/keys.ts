// SPDX-License-Identifier: Apache-2.0
//
// The key of a package, and the file in which an organisation keeps it: sealed under K_org with `tweetnacl` secretbox, bound to the
// one manifest that it opens. Devices never see this file; a lease brings them the key.
import { hkdfSync, randomBytes } from 'node:crypto'
import nacl from 'tweetnacl'
import { z } from 'zod'
import { PackageError } from './error.ts'
import { parseStrictJson } from './strict-json.ts'

export const keyBytes = 32

const wrapped = z.strictObject({
  format: z.literal('casemate-package-key-1'),
  /** SHA-256 of the manifest's bytes. */
  manifest: z.string().regex(/^[0-9a-f]{64}$/),
  nonce: z.base64().length(32),
  /** Package key | manifest's SHA-256. */
  box: z.base64().length(108),
})

/** A fresh key: one for each package that is sealed, since it encrypts the root pages under a fixed nonce. */
export const newPackageKey = (): Uint8Array => randomBytes(keyBytes)

/** @throws PackageError `key-invalid` */
export function checkKey(key: Uint8Array, what: string): void {
  if (key.length !== keyBytes) throw new PackageError('key-invalid', `expected a ${what} of ${keyBytes} bytes, found ${key.length}`)
}

/**
 * @param manifest SHA-256 of the manifest in hex. @param nonce 24 bytes, fresh.
 * @returns the bytes of the file.
 * @throws PackageError `key-invalid`
 */
export function wrapPackageKey(orgKey: Uint8Array, packageKey: Uint8Array, manifest: string, nonce: Uint8Array = randomBytes(24)): Buffer {
  checkKey(packageKey, 'package key')
  const box = nacl.secretbox(Buffer.concat([packageKey, Buffer.from(manifest, 'hex')]), nonce, wrappingKey(orgKey))
  const file = {
    format: 'casemate-package-key-1' as const,
    manifest,
    nonce: Buffer.from(nonce).toString('base64'),
    box: Buffer.from(box).toString('base64'),
  }
  return Buffer.from(`${JSON.stringify(wrapped.parse(file), null, 2)}\n`)
}

/**
 * @param manifest SHA-256 of the manifest that the key must belong to, in hex.
 * @returns the package key.
 * @throws PackageError `key-invalid` (not such a file), `key-refused` (another organisation's, another manifest's, or altered).
 */
export function unwrapPackageKey(orgKey: Uint8Array, file: Uint8Array, manifest: string): Uint8Array {
  const { nonce, box, manifest: declared } = parseWrapped(file)
  const plain = nacl.secretbox.open(Buffer.from(box, 'base64'), Buffer.from(nonce, 'base64'), wrappingKey(orgKey))
  if (plain === null) throw new PackageError('key-refused', 'the organisation key does not open this package key')
  const bound = Buffer.from(plain.subarray(keyBytes)).toString('hex')
  if (bound !== manifest || declared !== manifest) {
    throw new PackageError('key-refused', `expected the key of manifest \`${manifest}\`, found that of \`${bound}\``)
  }
  return plain.subarray(0, keyBytes)
}

function parseWrapped(file: Uint8Array): z.infer<typeof wrapped> {
  try {
    return wrapped.parse(parseStrictJson(file, 4096))
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : 'it cannot be read'
    throw new PackageError('key-invalid', `expected a package key file: ${why}`, cause)
  }
}

function wrappingKey(orgKey: Uint8Array): Uint8Array {
  checkKey(orgKey, 'organisation key')
  return new Uint8Array(hkdfSync('sha256', orgKey, Buffer.alloc(0), 'casemate-package-key-v1', nacl.secretbox.keyLength))
}
