// SPDX-License-Identifier: Apache-2.0
import type { DerivePassphraseKey } from '@casemate/policy/passphrase'
import { argon2idAsync } from '@noble/hashes/argon2.js'

/** argon2id in plain JavaScript, in steps of 20 ms: the page stays alive, and its content policy allows no WebAssembly. */
export function deriveInPage(onProgress: (share: number) => void = () => undefined): DerivePassphraseKey {
  return async (passphrase, salt, { memoryKiB, passes, lanes }) => {
    try {
      return await argon2idAsync(passphrase, salt, { m: memoryKiB, t: passes, p: lanes, dkLen: 32, asyncTick: 20, onProgress })
    } finally {
      passphrase.fill(0)
    }
  }
}
