// SPDX-License-Identifier: Apache-2.0
//
// Shares of instance keys: made here, kept sealed until the console has them. Without an approved list of keys there are none, and nobody
// but the user opens the instance.
import { PolicyError } from '@casemate/policy/error'
import { escrowShare, splitInstanceKey } from '@casemate/policy/escrow'
import { escrowShares } from '@casemate/policy/key-list'
import { sha256Text, slug } from '@casemate/policy/names'
import { sha256Hex } from '@casemate/policy/sha256'
import { z } from 'zod'
import type { EscrowView } from '../../local-api.ts'
import { ConsoleRefusal, random } from '../console/console-client.ts'
import type { Device } from '../device.ts'
import { readState, writeState } from '../state-file.ts'
import { UpdateError } from '../update/error.ts'
import { listInstances } from './instance-store.ts'
import { readPasswordFloor } from './password-floor.ts'

const escrowRecord = z.strictObject({
  format: z.literal('casemate-escrow-1'),
  instance: slug,
  /** Of the approved list of keys that the shares were made for. */
  keysSha256: sha256Text,
  resetSeq: z.int().min(0),
  shares: z.array(escrowShare).min(escrowShares.least).max(escrowShares.most),
})

/** A file of its own, so that shares which are made while others are on their way are never taken for these. */
const sentRecord = z.strictObject({ format: z.literal('casemate-escrow-sent-1'), statementSha256: sha256Text })

/** What escrow needs of a device. */
export type EscrowOwner = Pick<Device, 'clock' | 'documents' | 'enrolment' | 'journal' | 'key' | 'layout'>

/**
 * Splits the key among the administrators whose keys are approved today.
 * @returns null where there is no approved list: then nothing is made.
 * @throws PolicyError `key-list-invalid`; UpdateError `copy-altered`.
 */
export async function makeShares(device: EscrowOwner, instance: string, key: Uint8Array): Promise<EscrowView | null> {
  const { clock, documents, enrolment, journal, layout } = device
  const approved = await documents.escrowKeys()
  if (approved === null) return null
  const { resetSeq } = await readPasswordFloor(layout, instance)
  const { keys, sha256: keysSha256 } = approved
  const owner = { id: enrolment.device, key: device.key }
  const shares = await splitInstanceKey(key, { device: owner, instance, resetSeq, keys, now: clock.now, random })
  await journal.append({ type: 'escrow-made', data: { instance, threshold: keys.threshold, shares: shares.length } })
  await writeState(layout.escrow(instance), { format: 'casemate-escrow-1', instance, keysSha256, resetSeq, shares })
  return { threshold: keys.threshold, shares: shares.length }
}

/**
 * As {@link makeShares}, unless there are shares for the list and the reset that hold now: whoever opens the instance has its key at hand.
 * A list that cannot be read keeps nobody from working.
 */
export async function renewShares(device: EscrowOwner, instance: string, key: Uint8Array): Promise<void> {
  const { documents, journal, layout } = device
  try {
    const [approved, kept] = [await documents.escrowKeys(), await readState(layout.escrow(instance), escrowRecord)]
    const { resetSeq } = await readPasswordFloor(layout, instance)
    if (approved !== null && (kept?.keysSha256 !== approved.sha256 || kept.resetSeq !== resetSeq)) await makeShares(device, instance, key)
  } catch (error) {
    if (!(error instanceof PolicyError) && !(error instanceof UpdateError)) throw error
    journal.count('escrow-keys-unreadable')
  }
}

/**
 * Gives the console what it does not have yet; shares for a list that is no longer approved, and those that it refuses, stay here.
 * @throws RuntimeError of a console that cannot be reached.
 */
export async function sendShares(device: EscrowOwner & Pick<Device, 'console'>): Promise<void> {
  const { console, documents, journal, layout } = device
  for (const { instance } of await listInstances(layout)) {
    const kept = await readState(layout.escrow(instance), escrowRecord)
    if (kept === undefined || kept.keysSha256 !== (await documents.escrowListSha256())) continue
    const statementSha256 = await sha256Hex(new TextEncoder().encode(kept.shares[0]?.statement))
    if ((await readState(layout.escrowSent(instance), sentRecord))?.statementSha256 === statementSha256) continue
    try {
      await console.call('keepEscrow', { instance, shares: kept.shares }, { nonce: null })
      await writeState(layout.escrowSent(instance), { format: 'casemate-escrow-sent-1', statementSha256 })
    } catch (error) {
      if (!(error instanceof ConsoleRefusal)) throw error
      journal.count('escrow-not-kept')
    }
  }
}
