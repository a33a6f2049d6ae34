// SPDX-License-Identifier: Apache-2.0
//
// The key of one package on its way to one device, inside a lease, with the secrets that the package's customization files ask for. It
// names the package that it opens, so that a console that mixes two up is found out before anything is decrypted with the wrong key.
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

/** Of what is encrypted; with it the token stays below the limit of an encrypted token. */
const mostBytes = 8192

/** By name, as a package's customization files ask for them. */
export const desktopSecrets = z
  .record(z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/), z.string().min(1).max(1024))
  .refine((secrets) => JSON.stringify(secrets).length <= mostBytes - 1024, 'expected fewer or shorter secrets')

export type DesktopSecrets = z.infer<typeof desktopSecrets>

/** `secrets` is left out where there are none. */
const content = z.strictObject({ manifest: sha256Text, key: bytesText(32), secrets: desktopSecrets.optional() })

/** What is encrypted under {@link packageKeyTyp}: the key, the SHA-256 of the package's manifest, and the desktop's secrets. */
export function packageKeyContent(manifestSha256: string, key: Uint8Array, secrets: DesktopSecrets = {}): Uint8Array {
  const some = Object.keys(secrets).length > 0 ? { secrets } : {}
  return new TextEncoder().encode(canonicalJson(content.parse({ manifest: manifestSha256, key: encodeBase64url(key), ...some })))
}

export interface PackageAccess {
  /** 32 bytes that open the package. */
  readonly key: Uint8Array
  readonly secrets: DesktopSecrets
}

/**
 * @throws PolicyError `token-*` when it is not for this device; `package-key-invalid` when it opens another package.
 */
export async function openPackageKey(token: string, device: KeyAgreement, manifestSha256: string): Promise<PackageAccess> {
  const parsed = content.safeParse(
    parseStrictJson(await decryptToken(token, { typ: packageKeyTyp, key: device }), { maxBytes: mostBytes, maxDepth: 2 }),
  )
  if (!parsed.success || parsed.data.manifest !== manifestSha256) {
    throw new PolicyError('package-key-invalid', `expected the key of the package with manifest \`${manifestSha256}\`, found another`)
  }
  return { key: decodeBase64url(parsed.data.key), secrets: parsed.data.secrets ?? {} }
}
