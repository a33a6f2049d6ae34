// SPDX-License-Identifier: Apache-2.0
//
// Single-operator custody: the approver's sealed key lies with the console, and whoever knows its passphrase signs with it. The key is
// opened for this one signature; the console keeps neither it nor the passphrase.
import { readFile } from 'node:fs/promises'
import { openKey } from '@casemate/policy/sealed-key'
import { type Operator, requireRight } from '../access/actor.ts'
import { derivePassphraseKey } from '../access/derive-passphrase-key.ts'
import { ConsoleError } from '../error.ts'
import { roleSigner } from '../organisation/new-keys.ts'
import type { OpenConsole } from '../organisation/open.ts'
import type { OfflineRole } from '../publish/metadata.ts'
import { type ApprovalResult, approve } from './approve.ts'
import { readWaiting } from './review.ts'

/**
 * @param reviewed SHA-256 of the bytes that were shown; others are not signed.
 * @throws ConsoleError `input-invalid` for other bytes, `not-found` where the key is kept elsewhere; PolicyError `sealed-key-*` for a wrong passphrase.
 */
export async function signHere(
  actor: Operator,
  console: OpenConsole,
  { role, reviewed, passphrase }: { readonly role: OfflineRole; readonly reviewed: string; readonly passphrase: string },
): Promise<ApprovalResult> {
  requireRight(actor, 'approval:give')
  const { review } = await readWaiting(actor, console, role)
  if (review.sha256 !== reviewed) throw new ConsoleError('input-invalid', 'something else waits by now: read it again before you sign')
  const text = await readFile(console.layout.key(role === 'root' || role === 'targets' ? role : 'approver'), 'utf8').catch((cause: unknown) => {
    throw new ConsoleError('not-found', `the key of \`${role}\` is not kept with this console: approve with \`casemate-admin approve\` where it is`, {
      cause,
    })
  })
  const signer = roleSigner(await openKey(text, passphrase, { kind: 'approver-key', derive: derivePassphraseKey }))
  const signature = { keyid: signer.keyId, sig: Buffer.from(await signer.sign(review.bytes)).toString('hex') }
  return await approve(actor, console, { role, reviewed, signature, openedHere: true })
}
