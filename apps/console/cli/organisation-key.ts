// SPDX-License-Identifier: Apache-2.0
//
// K_org, the organisation's chunk key, in a file sealed with a passphrase.
import { argon2, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import type { DerivePassphraseKey } from '@casemate/policy/passphrase'
import { openKey, sealKey } from '@casemate/policy/sealed-key'
import { readSmallFile } from './files.ts'
import { readPassphrase } from './passphrase.ts'

const run = promisify(argon2)

const derive: DerivePassphraseKey = async (passphrase, salt, { memoryKiB, passes, lanes }) =>
  new Uint8Array(await run('argon2id', { message: passphrase, nonce: salt, memory: memoryKiB, passes, parallelism: lanes, tagLength: 32 }))

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
