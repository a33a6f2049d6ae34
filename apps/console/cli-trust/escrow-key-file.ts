// SPDX-License-Identifier: Apache-2.0
//
// An administrator's escrow key: an X25519 pair in a sealed file, which only `escrow open` on their own machine unseals.
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { type EscrowKeyPair, escrowJwk } from '@casemate/policy/escrow-open'
import { thumbprint } from '@casemate/policy/jwk'
import { openKey, sealKey } from '@casemate/policy/sealed-key'
import { readSmallFile } from '../cli/files.ts'
import { readPassphrase } from '../cli/passphrase.ts'
import { derivePassphraseKey } from '../src/access/derive-passphrase-key.ts'
import type { PublicKey } from '../src/publish/key.ts'

/** A fresh key: the text of its file, and its public half under its thumbprint. */
export async function newEscrowKeyFile(passphrase: string): Promise<PublicKey & { readonly text: string }> {
  const { d = '', x = '' } = generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' })
  const [secretKey, publicKey] = [new Uint8Array(Buffer.from(d, 'base64url')), new Uint8Array(Buffer.from(x, 'base64url'))]
  const keyId = await thumbprint(escrowJwk(publicKey))
  const options = { derive: derivePassphraseKey, random: (length: number) => new Uint8Array(randomBytes(length)) }
  return { text: await sealKey({ kind: 'escrow-key', secretKey, publicKey, keyId }, passphrase, options), publicKey, keyId }
}

/** @throws AdminError; PolicyError `sealed-key-*` */
export async function openEscrowKey(path: string, passphraseFile: string | undefined): Promise<EscrowKeyPair> {
  const text = (await readSmallFile(path, 8192)).toString('utf8')
  return await openKey(text, await readPassphrase(passphraseFile, `Passphrase of \`${path}\`: `), { kind: 'escrow-key', derive: derivePassphraseKey })
}
