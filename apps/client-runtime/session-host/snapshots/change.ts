// SPDX-License-Identifier: Apache-2.0
//
// Another name for a snapshot, or its end. Snapshots that were taken after a deleted one stay, and come from what it came from.
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { syncFolder } from '../../daemon/update/write-whole.ts'
import { isThere } from '../is-there.ts'
import { SnapshotError } from './error.ts'
import { recordFile, type SnapshotOwner, type SnapshotRecord } from './record.ts'
import { writeSealed } from './sealed-json.ts'
import { readRecord, readTree, writeHead } from './tree.ts'

/** @throws SnapshotError `snapshot-unknown`, `snapshot-altered` */
export async function renameSnapshot(owner: SnapshotOwner, id: string, name: string): Promise<SnapshotRecord> {
  const record = { ...(await readRecord(owner, id)), name }
  await writeSealed(recordFile(owner, id), record)
  return record
}

/** Whatever breaks it off leaves a tree: the deleted one still in it, or not. @throws SnapshotError `snapshot-unknown` */
export async function deleteSnapshot(owner: SnapshotOwner, id: string): Promise<void> {
  const { snapshots, unreadable, head, current } = await readTree(owner)
  const { folder } = owner.layout.snapshot(id)
  const record = snapshots.find((snapshot) => snapshot.id === id)
  if ((record === undefined && !unreadable.includes(id)) || !(await isThere(folder)))
    throw new SnapshotError('snapshot-unknown', `there is no snapshot \`${id}\``)
  const parent = record?.parent ?? null
  for (const child of snapshots) if (child.parent === id) await writeSealed(recordFile(owner, child.id), { ...child, parent })
  const number = Math.max(head.number, snapshots.at(-1)?.number ?? 0)
  await writeHead(owner, { ...head, snapshot: current === id ? parent : current, number })
  const gone = join(owner.layout.snapshots, `.old-${id}`)
  await rename(folder, gone)
  await syncFolder(owner.layout.snapshots)
  await rm(gone, { recursive: true, force: true })
}
