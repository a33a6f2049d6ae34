// SPDX-License-Identifier: Apache-2.0
//
// Signing with an approver's key file in the page: the key and its passphrase stay here, the signature alone goes out. The seed is
// overwritten when the signature is made; a passphrase is a string, which JavaScript cannot overwrite, and is only let go.
import { openKey } from '@casemate/policy/sealed-key'
import nacl from 'tweetnacl'
import { checkShown, type ShownVersion } from '../../../src/approvals/check-waiting.ts'
import type { Signature } from '../../../src/publish/metadata.ts'
import { deriveInPage } from './derive-in-page.ts'

export interface KeyInHand {
  /** Of the key file. */
  readonly text: string
  readonly passphrase: string
  readonly onProgress?: (share: number) => void
}

/** @throws PublishError `pending-altered` before the key is opened; PolicyError `sealed-key-*`. */
export async function signInPage(version: ShownVersion, { text, passphrase, onProgress }: KeyInHand): Promise<Signature> {
  const { bytes } = await checkShown(version)
  const { seed, keyId } = await openKey(text, passphrase, { kind: 'approver-key', derive: deriveInPage(onProgress) })
  const { secretKey } = nacl.sign.keyPair.fromSeed(seed)
  try {
    return { keyid: keyId, sig: hexOf(nacl.sign.detached(bytes, secretKey)) }
  } finally {
    seed.fill(0)
    secretKey.fill(0)
  }
}

const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
