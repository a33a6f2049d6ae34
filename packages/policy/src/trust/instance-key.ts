// SPDX-License-Identifier: Apache-2.0
//
// The key of an instance's disks at rest. It exists on disk only wrapped: for the device's own key, and inside that, where PO-2 asks for a
// password, under argon2id of it. So the file alone gives nobody a password to try, and the password alone opens nothing elsewhere.
// Each wrapping names a number that rises with every change of the password: one put back opens nothing where the number is kept elsewhere.
import { z } from 'zod'
import { PolicyError } from '../error.ts'
import { canonicalJson } from '../model/canonical-json.ts'
import { slug } from '../model/names.ts'
import { parseStrictJson } from '../model/strict-json.ts'
import { decodeBase64url, encodeBase64url } from './base64url.ts'
import type { KeyAgreement } from './device-key.ts'
import { decryptToken, encryptToken } from './encrypted-token.ts'
import { bytesText } from './passphrase.ts'
import { type PasswordWrapping, underPassword, unwrapUnderPassword, wrapUnderPassword } from './under-password.ts'

const wrappedKeyTyp = 'casemate-instance-key+jwe'

/** Wrappings from before there were numbers read as the first. */
const passwordSeq = z.int().min(0).default(0)

const content = z.discriminatedUnion('protection', [
  z.strictObject({ protection: z.literal('device'), instance: slug, passwordSeq, key: bytesText(32) }),
  underPassword.extend({ protection: z.literal('device-and-password'), instance: slug, passwordSeq }),
])

type Content = z.infer<typeof content>

/** A wrapping that is made, or the oldest that is taken. */
export interface InstanceKeyName {
  readonly instance: string
  readonly passwordSeq: number
}

export interface Wrapping {
  readonly device: KeyAgreement
  readonly ephemeral: KeyAgreement
  /** Gives that many fresh random bytes. */
  readonly random: (length: number) => Uint8Array
  /** Null: the device key alone opens it. */
  readonly password: PasswordWrapping | null
}

/** @param key 32 bytes. */
export async function wrapInstanceKey(name: InstanceKeyName, key: Uint8Array, { device, ephemeral, random, password }: Wrapping): Promise<string> {
  const { instance, passwordSeq } = name
  const plain: Content =
    password === null
      ? { protection: 'device', instance, passwordSeq, key: encodeBase64url(key) }
      : { protection: 'device-and-password', instance, passwordSeq, ...(await wrapUnderPassword(key, password, random)) }
  const bytes = new TextEncoder().encode(canonicalJson(content.parse(plain)))
  return encryptToken(bytes, { typ: wrappedKeyTyp, recipient: device.agreementJwk, ephemeral, random })
}

/**
 * What {@link openInstanceKey} will need, and the number of the wrapping.
 * @throws PolicyError as {@link openInstanceKey}.
 */
export async function describeInstanceKey(
  token: string,
  name: InstanceKeyName,
  device: KeyAgreement,
): Promise<Pick<Content, 'protection' | 'passwordSeq'>> {
  const { protection, passwordSeq } = await readContent(token, name, device)
  return { protection, passwordSeq }
}

/**
 * @param password ignored where none is needed.
 * @throws PolicyError `token-*` (not for this device, or altered), `instance-key-invalid` (of another instance), `instance-key-older`,
 * `password-missing`, `password-wrong`.
 */
export async function openInstanceKey(
  token: string,
  name: InstanceKeyName,
  device: KeyAgreement,
  password: Pick<PasswordWrapping, 'text' | 'derive'> | null,
): Promise<Uint8Array> {
  const found = await readContent(token, name, device)
  if (found.protection === 'device') return decodeBase64url(found.key)
  if (password === null) throw new PolicyError('password-missing', `expected the password of \`${name.instance}\`, found none`)
  return unwrapUnderPassword(found, password, `the password does not open \`${name.instance}\``)
}

async function readContent(token: string, { instance, passwordSeq: least }: InstanceKeyName, device: KeyAgreement): Promise<Content> {
  const plain = await decryptToken(token, { typ: wrappedKeyTyp, key: device })
  const parsed = content.safeParse(parseStrictJson(plain, { maxBytes: 1024, maxDepth: 2 }))
  // The cause is dropped: it may quote the key.
  if (!parsed.success || parsed.data.instance !== instance)
    throw new PolicyError('instance-key-invalid', `expected the key of \`${instance}\`, found another`)
  if (parsed.data.passwordSeq < least) {
    throw new PolicyError(
      'instance-key-older',
      `expected wrapping ${least} or later of the key of \`${instance}\`, found ${parsed.data.passwordSeq}: an older file was put back`,
    )
  }
  return parsed.data
}
