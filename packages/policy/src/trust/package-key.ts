// SPDX-License-Identifier: Apache-2.0
//
// The key of one package on its way to one device, inside a lease. It names the package that it opens, so that a console that mixes two
// up is found out before anything is decrypted with the wrong key.
import { z } from 'zod'
import { PolicyError } from '../error.ts'
import { canonicalJson } from '../model/canonical-json.ts'
import { sha256Text } from '../model/names.ts'
import { parseStrictJson } from '../model/strict-json.ts'
import { decodeBase64url, encodeBase64url } from './base64url.ts'
import type { KeyAgreement } from './device-key.ts'
import { decryptToken } from './encrypted-token.ts'
import { bytesText } from './passphrase.ts'

export const packageKeyTyp = 'casemate-package-key+jwe'

const content = z.strictObject({ manifest: sha256Text, key: bytesText(32) })

/** What is encrypted under {@link packageKeyTyp}: the key and the SHA-256 of the package's manifest. */
export function packageKeyContent(manifestSha256: string, key: Uint8Array): Uint8Array {
  return new TextEncoder().encode(canonicalJson(content.parse({ manifest: manifestSha256, key: encodeBase64url(key) })))
}

/**
 * The 32 bytes that open the package.
 * @throws PolicyError `token-*` when it is not for this device; `package-key-invalid` when it opens another package.
 */
export async function openPackageKey(token: string, device: KeyAgreement, manifestSha256: string): Promise<Uint8Array> {
  const parsed = content.safeParse(parseStrictJson(await decryptToken(token, { typ: packageKeyTyp, key: device }), { maxBytes: 512, maxDepth: 1 }))
  if (!parsed.success || parsed.data.manifest !== manifestSha256) {
    throw new PolicyError('package-key-invalid', `expected the key of the package with manifest \`${manifestSha256}\`, found another`)
  }
  return decodeBase64url(parsed.data.key)
}
