// SPDX-License-Identifier: Apache-2.0
//
// A secret of an administrator in a file, sealed with a passphrase: argon2id, then XSalsa20-Poly1305 (`tweetnacl` secretbox).
// The part in clear is bound to the box: whoever alters it gets the refusal of a wrong passphrase. A passphrase is only as strong
// as it is long; the file does not count tries.
import nacl from 'tweetnacl'
import { z } from 'zod'
import { PolicyError } from '../error.ts'
import { canonicalJson } from '../model/canonical-json.ts'
import { thumbprintText } from '../model/names.ts'
import { parseStrictJson } from '../model/strict-json.ts'
import { decodeBase64url, encodeBase64url } from './base64url.ts'
import { type Argon2idParams, argon2idRecord, bytesText, type DerivePassphraseKey, derivePassphraseKey, recommendedParams } from './passphrase.ts'

/** An Ed25519 key pair (RFC 8032): seed and public key have 32 bytes, the id is that of TUF (64 hex digits). */
interface KeyPair {
  readonly seed: Uint8Array
  readonly publicKey: Uint8Array
  readonly keyId: string
}

/** An X25519 key pair (RFC 7748), 32 bytes each; the id is the thumbprint of its JWK. */
interface AgreementKeyPair {
  readonly secretKey: Uint8Array
  readonly publicKey: Uint8Array
  readonly keyId: string
}

/** `chunk-key`: K_org. `approver-key`: a TUF role's. `online-key`: snapshot, timestamp, leases and receipts, held by the console.
 * `help-desk-key`: overrides, held by the console. `escrow-key`: opens an administrator's shares of instance keys. */
export type SealedSecret =
  | { readonly kind: 'chunk-key'; readonly secret: Uint8Array }
  | ({ readonly kind: 'approver-key' } & KeyPair)
  | ({ readonly kind: 'online-key' } & KeyPair)
  | ({ readonly kind: 'help-desk-key' } & KeyPair)
  | ({ readonly kind: 'escrow-key' } & AgreementKeyPair)

const keyId = z.string().regex(/^[0-9a-f]{64}$/)

const envelope = z.strictObject({
  format: z.literal('casemate-sealed-key-1'),
  about: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('chunk-key') }),
    z.strictObject({ kind: z.enum(['approver-key', 'online-key', 'help-desk-key']), keyId, publicKey: bytesText(32) }),
    z.strictObject({ kind: z.literal('escrow-key'), keyId: thumbprintText, publicKey: bytesText(32) }),
  ]),
  kdf: argon2idRecord,
  nonce: bytesText(nacl.secretbox.nonceLength),
  box: bytesText(32 + nacl.secretbox.overheadLength),
})

type Envelope = z.infer<typeof envelope>
/** What a sealed file says of itself in clear. */
export type SealedKeyInfo = Envelope['about']

const fileLimits = { maxBytes: 8_192, maxDepth: 4 }

/**
 * The text of a file that holds `secret`; its 32 bytes are sealed, kind, key id and public key stay readable.
 * @param random gives that many fresh random bytes.
 * @throws PolicyError `sealed-key-invalid` when a length, the key pair or `params` is out of bounds.
 */
export async function sealKey(
  secret: SealedSecret,
  passphrase: string,
  options: { readonly derive: DerivePassphraseKey; readonly random: (length: number) => Uint8Array; readonly params?: Argon2idParams },
): Promise<string> {
  const { memoryKiB, passes, lanes } = options.params ?? recommendedParams
  const head = {
    format: 'casemate-sealed-key-1' as const,
    about: describeSecret(secret),
    kdf: { name: 'argon2id' as const, memoryKiB, passes, lanes, salt: encodeBase64url(options.random(16)) },
    nonce: encodeBase64url(options.random(nacl.secretbox.nonceLength)),
  }
  const plain = plainOf(secret)
  checkKeyPair(head.about, plain)
  // Checked before the derivation, which is the expensive step.
  const sealed = parseEnvelope({ ...head, box: encodeBase64url(new Uint8Array(32 + nacl.secretbox.overheadLength)) })
  const key = await boxKey(sealed, passphrase, options.derive)
  const box = encodeBase64url(nacl.secretbox(plain, decodeBase64url(head.nonce), key))
  return `${JSON.stringify({ ...head, box }, null, 2)}\n`
}

/**
 * What the file says of itself, without its passphrase; believe it only after {@link openKey}.
 * @throws PolicyError `sealed-key-invalid`
 */
export function describeSealedKey(text: string): SealedKeyInfo {
  return readEnvelope(text).about
}

/**
 * @throws PolicyError `sealed-key-invalid` (not such a file, or parameters out of bounds), `sealed-key-kind` (a sealed file of another
 * kind than `kind`), `sealed-key-passphrase` (wrong passphrase, or the file was altered: the two cannot be told apart).
 */
export async function openKey<K extends SealedSecret['kind']>(
  text: string,
  passphrase: string,
  options: { readonly kind: K; readonly derive: DerivePassphraseKey },
): Promise<Extract<SealedSecret, { kind: K }>>
export async function openKey(
  text: string,
  passphrase: string,
  options: { readonly kind: SealedSecret['kind']; readonly derive: DerivePassphraseKey },
): Promise<SealedSecret> {
  const sealed = readEnvelope(text)
  if (sealed.about.kind !== options.kind) {
    throw new PolicyError('sealed-key-kind', `expected a sealed \`${options.kind}\`, found \`${sealed.about.kind}\``)
  }
  const key = await boxKey(sealed, passphrase, options.derive)
  const plain = nacl.secretbox.open(decodeBase64url(sealed.box), decodeBase64url(sealed.nonce), key)
  if (plain === null) throw new PolicyError('sealed-key-passphrase', `the passphrase does not open this \`${options.kind}\`, or its file was altered`)
  checkKeyPair(sealed.about, plain)
  if (sealed.about.kind === 'chunk-key') return { kind: 'chunk-key', secret: plain }
  const { kind, keyId: id } = sealed.about
  const publicKey = decodeBase64url(sealed.about.publicKey)
  return kind === 'escrow-key' ? { kind, secretKey: plain, publicKey, keyId: id } : { kind, seed: plain, publicKey, keyId: id }
}

function plainOf(secret: SealedSecret): Uint8Array {
  if (secret.kind === 'chunk-key') return secret.secret
  return secret.kind === 'escrow-key' ? secret.secretKey : secret.seed
}

function describeSecret(secret: SealedSecret): SealedKeyInfo {
  if (secret.kind === 'chunk-key') return { kind: secret.kind }
  return { kind: secret.kind, keyId: secret.keyId, publicKey: encodeBase64url(secret.publicKey) }
}

function checkKeyPair(about: SealedKeyInfo, plain: Uint8Array): void {
  if (plain.byteLength !== 32) throw new PolicyError('sealed-key-invalid', `expected a secret of 32 bytes, found ${plain.byteLength}`)
  if (about.kind === 'chunk-key') return
  const { publicKey } = about.kind === 'escrow-key' ? nacl.box.keyPair.fromSecretKey(plain) : nacl.sign.keyPair.fromSeed(plain)
  if (encodeBase64url(publicKey) !== about.publicKey) {
    throw new PolicyError('sealed-key-invalid', `the public key of \`${about.keyId}\` does not belong to its secret`)
  }
}

function readEnvelope(text: string): Envelope {
  try {
    return parseEnvelope(parseStrictJson(text, fileLimits))
  } catch (cause) {
    if (cause instanceof PolicyError && cause.code === 'sealed-key-invalid') throw cause
    throw new PolicyError('sealed-key-invalid', 'expected a sealed key file, found something else', cause)
  }
}

function parseEnvelope(value: unknown): Envelope {
  const parsed = envelope.safeParse(value)
  if (parsed.success) return parsed.data
  throw new PolicyError('sealed-key-invalid', `expected a sealed key: ${z.prettifyError(parsed.error)}`, parsed.error)
}

/** HMAC-SHA256(argon2id tag, everything in clear): the box opens only under the head that it was sealed with. */
async function boxKey(sealed: Envelope, passphrase: string, derive: DerivePassphraseKey): Promise<Uint8Array> {
  const tag = await derivePassphraseKey(passphrase, sealed.kdf, derive)
  const { subtle } = globalThis.crypto
  const key = await subtle.importKey('raw', tag, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  const clear = canonicalJson({ format: sealed.format, about: sealed.about, kdf: sealed.kdf, nonce: sealed.nonce })
  return new Uint8Array(await subtle.sign('HMAC', key, new TextEncoder().encode(clear)))
}
