// SPDX-License-Identifier: Apache-2.0
//
// The snapshots of an instance as a tree, read off their folders: one that is there is whole, since its folder appears by one rename.
import { readdir } from 'node:fs/promises'
import { isThere } from '../is-there.ts'
import { SnapshotError } from './error.ts'
import { headFile, recordFile, type SnapshotHead, type SnapshotOwner, type SnapshotRecord, snapshotHead, snapshotRecord } from './record.ts'
import { readSealed, writeSealed } from './sealed-json.ts'

export interface SnapshotTree {
  /** In the order of taking. */
  readonly snapshots: readonly SnapshotRecord[]
  /** Folders of snapshots whose record does not verify. They can be deleted, nothing else. */
  readonly unreadable: readonly string[]
  readonly head: SnapshotHead
  /** The snapshot that the disks of now come from. */
  readonly current: string | null
}

const folderName = /^[0-9a-f]{16}$/
const untouched: SnapshotHead = { format: 'casemate-snapshot-head-1', snapshot: null, number: 0, pending: false }

/** @throws SnapshotError `snapshot-altered` for the head */
export async function readTree(owner: SnapshotOwner): Promise<SnapshotTree> {
  const head = await readHead(owner)
  const ids = (await readdir(owner.layout.snapshots).catch(noneYet)).filter((name) => folderName.test(name))
  const snapshots: SnapshotRecord[] = []
  const unreadable: string[] = []
  for (const id of ids.sort()) {
    const record = await readRecord(owner, id).catch(() => null)
    if (record === null) unreadable.push(id)
    else snapshots.push(record)
  }
  snapshots.sort((one, other) => one.number - other.number)
  const newest = snapshots.at(-1)
  const current = newest !== undefined && newest.number > head.number ? newest.id : head.snapshot
  return { snapshots, unreadable, head, current: snapshots.some(({ id }) => id === current) ? current : null }
}

/** @throws SnapshotError `snapshot-unknown`, `snapshot-altered` */
export async function readRecord(owner: SnapshotOwner, id: string): Promise<SnapshotRecord> {
  if (!folderName.test(id) || !(await isThere(owner.layout.snapshot(id).folder)))
    throw new SnapshotError('snapshot-unknown', `there is no snapshot \`${id}\``)
  return readSealed(recordFile(owner, id), snapshotRecord)
}

/** @throws SnapshotError `snapshot-altered` */
export async function readHead(owner: SnapshotOwner): Promise<SnapshotHead> {
  return (await isThere(owner.layout.snapshotHead)) ? readSealed(headFile(owner), snapshotHead) : untouched
}

export async function writeHead(owner: SnapshotOwner, head: Omit<SnapshotHead, 'format'>): Promise<void> {
  await writeSealed(headFile(owner), { format: 'casemate-snapshot-head-1', ...head } satisfies SnapshotHead)
}

function noneYet(error: NodeJS.ErrnoException): readonly string[] {
  if (error.code === 'ENOENT') return []
  throw error
}
