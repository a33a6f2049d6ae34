// SPDX-License-Identifier: Apache-2.0
//
// K_org, the organisation's chunk key, in a file sealed with a passphrase.
import { randomBytes } from 'node:crypto'
import { openKey, sealKey } from '@casemate/policy/sealed-key'
import { derivePassphraseKey as derive } from '../src/access/derive-passphrase-key.ts'
import { readSmallFile } from './files.ts'
import { readPassphrase } from './passphrase.ts'

/** A fresh key; the text of its file. */
export async function newOrganisationKey(passphrase: string): Promise<string> {
  const random = (length: number) => new Uint8Array(randomBytes(length))
  return await sealKey({ kind: 'chunk-key', secret: random(32) }, passphrase, { derive, random })
}

/** @throws AdminError; PolicyError `sealed-key-*` */
export async function openOrganisationKey(path: string, passphraseFile: string | undefined): Promise<Uint8Array> {
  const text = (await readSmallFile(path, 8192)).toString('utf8')
  const { secret } = await openKey(text, await readPassphrase(passphraseFile), { kind: 'chunk-key', derive })
  return secret
}
