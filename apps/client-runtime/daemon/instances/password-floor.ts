// SPDX-License-Identifier: Apache-2.0
//
// How often an instance's password was changed, and how often reset. It stands outside the instance's folder, its disks and their snapshots:
// an older `instance.json` put back is found, and opens nothing. A change is written here first, so that an end in the middle of it is made
// good by whoever looks next, and never leaves an instance without a key.
import { slug } from '@casemate/policy/names'
import { noTries } from '@casemate/policy/password'
import { z } from 'zod'
import type { Layout } from '../../layout.ts'
import { readState, writeState } from '../state-file.ts'
import { type InstanceRecord, readInstance, writeInstance } from './instance-store.ts'

const count = z.int().min(0)

const floorRecord = z.strictObject({
  format: z.literal('casemate-password-floor-1'),
  instance: slug,
  passwordSeq: count,
  resetSeq: count,
  /** The key as it is wrapped from this change on, until the instance's record holds it. */
  pending: z.string().nullable(),
})

export interface PasswordFloor {
  /** Of the newest wrapping of the instance key: an older one is refused. */
  readonly passwordSeq: number
  readonly resetSeq: number
  readonly pending: string | null
}

const noFloor: PasswordFloor = { passwordSeq: 0, resetSeq: 0, pending: null }

/** @throws RuntimeError `state-altered` */
export async function readPasswordFloor(layout: Layout, instance: string): Promise<PasswordFloor> {
  return (await readState(layout.passwordFloor(instance), floorRecord)) ?? noFloor
}

/** The instance with its newest key, also where a change of it was interrupted. @throws RuntimeError `instance-unknown`, `state-altered`. */
export async function readSettledInstance(layout: Layout, id: string): Promise<InstanceRecord> {
  const record = await readInstance(layout, id)
  const floor = await readPasswordFloor(layout, id)
  return floor.pending === null ? record : await settle(layout, record, floor.pending, floor)
}

/** From here on the instance opens under `key` only; wrong tries and their lock are forgotten. */
export async function replaceKey(
  layout: Layout,
  record: InstanceRecord,
  key: string,
  floor: Omit<PasswordFloor, 'pending'>,
): Promise<InstanceRecord> {
  await writeFloor(layout, record.instance, { ...floor, pending: key })
  return await settle(layout, record, key, floor)
}

/** For an instance that is made anew: nothing of an earlier one of that name opens it, or comes back to it. */
export async function raiseForNewInstance(layout: Layout, instance: string): Promise<PasswordFloor> {
  if ((await readState(layout.passwordFloor(instance), floorRecord)) === undefined) return noFloor
  const { passwordSeq, resetSeq } = await readPasswordFloor(layout, instance)
  const raised = { passwordSeq: passwordSeq + 1, resetSeq: resetSeq + 1, pending: null }
  await writeFloor(layout, instance, raised)
  return raised
}

async function settle(layout: Layout, record: InstanceRecord, key: string, floor: Omit<PasswordFloor, 'pending'>): Promise<InstanceRecord> {
  const settled = { ...record, key, tries: noTries }
  await writeInstance(layout, settled)
  await writeFloor(layout, record.instance, { ...floor, pending: null })
  return settled
}

async function writeFloor(layout: Layout, instance: string, { passwordSeq, resetSeq, pending }: PasswordFloor): Promise<void> {
  await writeState(layout.passwordFloor(instance), { format: 'casemate-password-floor-1', instance, passwordSeq, resetSeq, pending })
}
