// SPDX-License-Identifier: Apache-2.0
//
// Brings an instance back to a snapshot. What is to be done is written down first, sealed; from then on nothing of the instance is used before
// it is done, and it is done again from the beginning until the machine stands there: what breaks off leaves the old state or the new.
// The snapshot itself is only read.
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { StateFile } from '@casemate/engine/virtual-machine'
import { syncFolder } from '../../daemon/update/write-whole.ts'
import { isThere } from '../is-there.ts'
import { copyWhole, syncFile } from './copy-whole.ts'
import { SnapshotError } from './error.ts'
import { memoryFile, type SnapshotOwner } from './record.ts'
import { removeLeftovers } from './take.ts'
import { readHead, readRecord, readTree, writeHead } from './tree.ts'

export interface Reverted {
  /** The memory that belongs to the disks; null under a release that was chosen since, which boots over them. */
  readonly memory: StateFile | null
  /** The machine stands there: the revert is over. To be called before its CPUs run. */
  done(): Promise<void>
}

/**
 * Writes down that the instance is to go back; its machine must not be started any more but by a launch.
 * @throws SnapshotError `snapshot-unknown`, `snapshot-altered`, `snapshot-foreign` for another release or engine.
 */
export async function planRevert(owner: SnapshotOwner, id: string): Promise<void> {
  const record = await readRecord(owner, id)
  if (record.package !== owner.plan.package.sha256 || record.engine !== owner.plan.engine)
    throw new SnapshotError('snapshot-foreign', `snapshot \`${id}\` was taken under another release of this desktop`)
  const { disks, state } = owner.layout.snapshot(id)
  for (const path of [state, ...record.disks.map((name) => join(disks, name))])
    if (!(await isThere(path))) throw new SnapshotError('snapshot-altered', `\`${path}\` is missing`)
  const { snapshots, head } = await readTree(owner)
  const number = Math.max(head.number, snapshots.at(-1)?.number ?? 0)
  await writeHead(owner, { snapshot: id, number, pending: true })
}

/**
 * Carries out what was written down, before the disks are opened; null where there is nothing.
 * @throws SnapshotError `snapshot-unknown`, `snapshot-altered`
 */
export async function carryOutRevert(owner: SnapshotOwner): Promise<Reverted | null> {
  await removeLeftovers(owner)
  const head = await readHead(owner)
  if (!head.pending || head.snapshot === null) return null
  const record = await readRecord(owner, head.snapshot)
  await removeStates(owner)
  const { layout, plan } = owner
  await mkdir(layout.disks, { recursive: true, mode: 0o700 })
  for (const name of record.disks) await replace(join(layout.disks, name), join(layout.snapshot(record.id).disks, name))
  await syncFolder(layout.disks)
  const fits = record.package === plan.package.sha256 && record.engine === plan.engine
  return { memory: fits ? memoryFile(owner, record.id) : null, done: () => writeHead(owner, { ...head, pending: false }) }
}

async function replace(file: string, by: string): Promise<void> {
  const part = join(dirname(file), `.${basename(file)}.revert`)
  await rm(part, { force: true })
  await copyWhole(by, part)
  await syncFile(part)
  await rename(part, file)
}

/** What was suspended goes on over other disks. */
export async function removeStates({ layout }: SnapshotOwner): Promise<void> {
  const states = (await readdir(layout.folder)).filter((name) => name.endsWith('.state'))
  for (const name of states) await rm(join(layout.folder, name))
  if (states.length > 0) await syncFolder(layout.folder)
}
