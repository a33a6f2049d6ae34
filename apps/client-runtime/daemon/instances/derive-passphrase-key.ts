// SPDX-License-Identifier: Apache-2.0
import { argon2 } from 'node:crypto'
import { promisify } from 'node:util'
import type { DerivePassphraseKey } from '@casemate/policy/passphrase'

const run = promisify(argon2)

/** argon2id of node:crypto (RFC 9106). */
export const derivePassphraseKey: DerivePassphraseKey = async (passphrase, salt, { memoryKiB, passes, lanes }) =>
  new Uint8Array(await run('argon2id', { message: passphrase, nonce: salt, memory: memoryKiB, passes, parallelism: lanes, tagLength: 32 }))
