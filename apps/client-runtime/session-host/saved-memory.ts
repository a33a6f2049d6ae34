// SPDX-License-Identifier: Apache-2.0
//
// The memory that the next start of an instance would go on from, and its end: the way out where it was altered or cannot be read. Then the
// desktop boots over its disks. What is given up is the memory alone; a return that was begun still ends in the disks of its snapshot.
import { readdir, rm } from 'node:fs/promises'
import { isStateIntact } from '@casemate/engine/state-open'
import type { StateFile } from '@casemate/engine/virtual-machine'
import { syncFolder } from '../daemon/update/write-whole.ts'
import { isThere } from './is-there.ts'
import type { SavedPart } from './saved-parts.ts'
import { SnapshotError } from './snapshots/error.ts'
import { memoryFile, type SnapshotHead, type SnapshotOwner } from './snapshots/record.ts'
import { carryOutRevert, removeStates } from './snapshots/revert.ts'
import { readHead, writeHead } from './snapshots/tree.ts'
import { suspendedState } from './suspended-state.ts'

export interface SavedMemory {
  /** What a discard takes away; `snapshot-head`: the note of which snapshot the disks come from cannot be read. */
  readonly parts: readonly SavedPart[]
  /** All of it was sealed under the key of the instance; whether an engine takes it is another matter. */
  readonly intact: boolean
}

export async function examineSavedMemory(owner: SnapshotOwner): Promise<SavedMemory> {
  const parts: SavedPart[] = []
  let intact = true
  const look = async (part: SavedPart, file: StateFile) => {
    parts.push(part)
    intact &&= await isStateIntact(file)
  }
  if ((await readdir(owner.layout.folder)).some((name) => name.endsWith('.state'))) {
    const own = suspendedState(owner.plan, owner.layout, owner.instanceKey)
    if (await isThere(own.path)) await look('suspended-state', own)
    else parts.push('suspended-state')
  }
  const head = await headOf(owner)
  if (head === null) return { parts: [...parts, 'snapshot-head'], intact: false }
  if (head.pending && head.snapshot !== null) await look('snapshot-memory', memoryFile(owner, head.snapshot))
  return { parts, intact }
}

/** Whatever breaks it off, the next one goes on with it. @throws the error of the system where a file cannot be removed */
export async function discardSavedMemory(owner: SnapshotOwner): Promise<void> {
  const head = await headOf(owner)
  if (head === null) {
    await rm(owner.layout.snapshotHead)
    await syncFolder(owner.layout.snapshots)
  } else if (head.pending) await endRevert(owner, head)
  await removeStates(owner)
}

/** In the disks of its snapshot, without its memory; where that snapshot is gone or altered, in the disks that are there. */
async function endRevert(owner: SnapshotOwner, head: SnapshotHead): Promise<void> {
  try {
    const reverted = await carryOutRevert(owner)
    await reverted?.done()
  } catch (error) {
    if (!(error instanceof SnapshotError)) throw error
    await writeHead(owner, { snapshot: null, number: head.number, pending: false })
  }
}

/** Null: altered, or of another instance. */
async function headOf(owner: SnapshotOwner): Promise<SnapshotHead | null> {
  try {
    return await readHead(owner)
  } catch (error) {
    if (error instanceof SnapshotError && error.code === 'snapshot-altered') return null
    throw error
  }
}
