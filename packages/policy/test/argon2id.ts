// SPDX-License-Identifier: Apache-2.0
import { argon2 } from 'node:crypto'
import { promisify } from 'node:util'
import type { DerivePassphraseKey } from '../src/trust/passphrase.ts'

const run = promisify(argon2)

/** The derivation that callers bring, here over node:crypto. */
export const argon2id: DerivePassphraseKey = async (passphrase, salt, { memoryKiB, passes, lanes }) =>
  new Uint8Array(await run('argon2id', { message: passphrase, nonce: salt, memory: memoryKiB, passes, parallelism: lanes, tagLength: 32 }))
