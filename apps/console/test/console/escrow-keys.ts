// SPDX-License-Identifier: Apache-2.0
//
// Administrators with escrow keys, and the list of them as the organisation approves it.
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { type EscrowKeyPair, escrowJwk, openShare, returnShare } from '@casemate/policy/escrow-open'
import { type EcPublicJwk, thumbprint } from '@casemate/policy/jwk'
import { openKey } from '@casemate/policy/sealed-key'
import { generateEphemeralKey } from '@casemate/policy/software-device-key'
import { derivePassphraseKey } from '../../src/access/derive-passphrase-key.ts'
import { approve } from '../../src/approvals/approve.ts'
import { readWaiting } from '../../src/approvals/review.ts'
import { readIssued } from '../../src/help-desk/issued.ts'
import { consoleLayout } from '../../src/organisation/layout.ts'
import { roleSigner } from '../../src/organisation/new-keys.ts'
import { stageTargets } from '../../src/publish/stage-targets.ts'
import { operator, passphrase, type World } from './world.ts'

const random = (length: number) => new Uint8Array(randomBytes(length))

export function administrator(): EscrowKeyPair {
  const { d = '', x = '' } = generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' })
  return { secretKey: new Uint8Array(Buffer.from(d, 'base64url')), publicKey: new Uint8Array(Buffer.from(x, 'base64url')) }
}

export async function escrowList(threshold: number, people: readonly EscrowKeyPair[]): Promise<string> {
  const keys = await Promise.all(people.map(async ({ publicKey }) => ({ kid: await thumbprint(escrowJwk(publicKey)), jwk: escrowJwk(publicKey) })))
  return JSON.stringify({ format: 'casemate-escrow-keys-1', purpose: 'escrow', threshold, keys })
}

/** Approved with the targets key, as a target of the top-level role. */
export async function publishEscrowKeys({ console, data, now }: World, threshold: number, people: readonly EscrowKeyPair[]): Promise<void> {
  const bytes = new TextEncoder().encode(await escrowList(threshold, people))
  await stageTargets(console.repository, { role: 'targets', author: operator.name, now, add: [{ path: 'keys/escrow.json', bytes }] })
  const { review } = await readWaiting(operator, console, 'targets')
  const text = await readFile(consoleLayout(data).key('targets'), 'utf8')
  const signer = roleSigner(await openKey(text, passphrase, { kind: 'approver-key', derive: derivePassphraseKey }))
  const sig = Buffer.from(await signer.sign(review.bytes)).toString('hex')
  await approve(operator, console, { role: 'targets', reviewed: review.sha256, signature: { keyid: signer.keyId, sig } })
}

/** What an administrator does on their own machine. */
export async function giveBack(person: EscrowKeyPair, share: string, to: EcPublicJwk): Promise<string> {
  return JSON.stringify(await returnShare(await openShare(share, person), { to, ephemeral: await generateEphemeralKey(), random }))
}

/** The same for a device to which a help desk lets the instance move. */
export async function giveMoved(person: EscrowKeyPair, share: string, to: EcPublicJwk, grant: string): Promise<string> {
  const move = readIssued(grant)
  if (move.kind !== 'move') throw new Error('expected the grant of a move')
  return JSON.stringify(await returnShare(await openShare(share, person), { to, move, ephemeral: await generateEphemeralKey(), random }))
}
