// SPDX-License-Identifier: Apache-2.0
//
// Sealed key files: approvers' (also of root and targets) and the console's online keys. The seed stays in memory while one command
// runs; it is never printed or written in clear.
import { argon2, createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { promisify } from 'node:util'
import { thumbprint } from '@casemate/policy/jwk'
import type { DerivePassphraseKey } from '@casemate/policy/passphrase'
import { describeSealedKey, openKey, sealKey } from '@casemate/policy/sealed-key'
import type { Signer as TokenSigner } from '@casemate/policy/token'
import { readSmallFile } from '../cli/files.ts'
import { readPassphrase } from '../cli/passphrase.ts'
import { keyIdOf, type PublicKey, type Signer } from '../src/publish/key.ts'
import { TrustError } from './error.ts'

export type KeyKind = 'approver-key' | 'online-key'

const run = promisify(argon2)
const derive: DerivePassphraseKey = async (passphrase, salt, { memoryKiB, passes, lanes }) =>
  new Uint8Array(await run('argon2id', { message: passphrase, nonce: salt, memory: memoryKiB, passes, parallelism: lanes, tagLength: 32 }))
const random = (length: number) => new Uint8Array(randomBytes(length))

/** A fresh key: the text of its file, and its public half. */
export async function newKeyFile(kind: KeyKind, passphrase: string): Promise<PublicKey & { readonly text: string }> {
  const { d = '', x = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
  const publicKey = new Uint8Array(Buffer.from(x, 'base64url'))
  const keyId = keyIdOf(publicKey)
  const text = await sealKey({ kind, seed: new Uint8Array(Buffer.from(d, 'base64url')), publicKey, keyId }, passphrase, { derive, random })
  return { text, publicKey, keyId }
}

export interface KeyOption {
  readonly path: string
  readonly passphraseFile: string | undefined
}

/** @throws AdminError; PolicyError `sealed-key-*`; TrustError `key-kind` */
export async function openSigner({ path, passphraseFile }: KeyOption, kind: KeyKind): Promise<Signer> {
  const text = (await readSmallFile(path, 8192)).toString('utf8')
  const found = describeSealedKey(text).kind
  if (found !== kind) throw new TrustError('key-kind', `\`${path}\`: expected a sealed \`${kind}\`, found \`${found}\``)
  const { seed, publicKey, keyId } = await openKey(text, await readPassphrase(passphraseFile, `Passphrase of \`${path}\`: `), { kind, derive })
  const [d, x] = [Buffer.from(seed).toString('base64url'), Buffer.from(publicKey).toString('base64url')]
  const key = createPrivateKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', d, x } })
  return { keyId, publicKey, sign: (bytes) => new Uint8Array(sign(null, bytes, key)) }
}

/** As the console signs tokens with it. */
export async function tokenSignerOf({ publicKey, sign }: Signer): Promise<TokenSigner> {
  const kid = await thumbprint({ kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey).toString('base64url') })
  return { alg: 'Ed25519', kid, sign: async (message) => await sign(message) }
}

/**
 * Keys in order with their passphrase files: one for all, one each, or none (each is asked for).
 * @throws TrustError `usage`
 */
export function keyOptions(paths: readonly string[], passphraseFiles: readonly string[] = []): readonly KeyOption[] {
  if (passphraseFiles.length > 1 && passphraseFiles.length !== paths.length) {
    throw new TrustError('usage', `expected one \`--passphrase-file\`, or one for each of ${paths.length} keys, found ${passphraseFiles.length}`)
  }
  return paths.map((path, index) => ({ path, passphraseFile: passphraseFiles[index] ?? passphraseFiles[0] }))
}

export async function openSigners(
  paths: readonly string[],
  passphraseFiles: readonly string[] | undefined,
  kind: KeyKind,
): Promise<readonly Signer[]> {
  const signers: Signer[] = []
  for (const option of keyOptions(paths, passphraseFiles)) signers.push(await openSigner(option, kind))
  return signers
}
