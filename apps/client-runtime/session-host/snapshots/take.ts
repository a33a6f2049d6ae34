// SPDX-License-Identifier: Apache-2.0
//
// Keeps the machine as it is now. The CPUs stand still while its memory is saved and its disks are copied; then they run on while the copies
// are made durable, and only then, by one rename, is there a snapshot. Whatever breaks off before leaves none.
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { endOfOverlay } from '@casemate/engine/qemu-overlay-end'
import { sealState } from '@casemate/engine/state-seal'
import type { VirtualMachine } from '@casemate/engine/virtual-machine'
import { syncFolder } from '../../daemon/update/write-whole.ts'
import { snapshotLayout } from '../../layout.ts'
import { copyWhole, syncFile } from './copy-whole.ts'
import { SnapshotError } from './error.ts'
import { memoryFile, recordFile, type SnapshotOwner, type SnapshotRecord, thumbnailFile } from './record.ts'
import { writeSealed } from './sealed-json.ts'
import { readTree } from './tree.ts'

const mostSnapshots = 32

export interface TakenMachine {
  readonly vm: Pick<VirtualMachine, 'snapshot'>
  /** Files of its own that belong to its memory: disks, and what its firmware remembers. */
  readonly files: readonly string[]
  /** Brings what the machine has written into these files. */
  readonly flush: () => Promise<void>
  /** PNG; null where there is none. */
  readonly thumbnail: Uint8Array | null
}

/** @throws SnapshotError `snapshots-full`, `snapshot-failed`; the machine runs on. */
export async function takeSnapshot(owner: SnapshotOwner, machine: TakenMachine, name: string, now: number): Promise<SnapshotRecord> {
  const { layout } = owner
  await mkdir(layout.snapshots, { recursive: true, mode: 0o700 })
  await removeLeftovers(owner)
  const { snapshots, unreadable, head, current } = await readTree(owner)
  if (snapshots.length + unreadable.length >= mostSnapshots)
    throw new SnapshotError('snapshots-full', `an instance keeps ${mostSnapshots} snapshots, and there are as many`)
  const id = randomBytes(8).toString('hex')
  const number = Math.max(head.number, snapshots.at(-1)?.number ?? 0) + 1
  const { engine } = owner.plan
  const record: SnapshotRecord = {
    ...{ format: 'casemate-snapshot-1', id, parent: current, number, name, takenAt: now },
    ...{ package: owner.plan.package.sha256, engine, disks: machine.files.map((file) => basename(file)) },
  }
  const part = snapshotLayout(join(layout.snapshots, `.new-${id}`))
  try {
    await mkdir(part.disks, { recursive: true, mode: 0o700 })
    if (machine.thumbnail !== null) await sealState(thumbnailFile(owner, id, part.thumbnail), [machine.thumbnail])
    const copies = machine.files.map((file) => [file, join(part.disks, basename(file))] as const)
    await machine.vm.snapshot(memoryFile(owner, id, part.state), async () => {
      await machine.flush()
      // A file that QEMU writes is made longer than what is in it.
      for (const [from, to] of copies) await copyWhole(from, to, engine === 'qemu' ? await endOfOverlay(from) : undefined)
    })
    for (const [, to] of copies) await syncFile(to)
    await syncFolder(part.disks)
    await writeSealed(recordFile(owner, id, part.record), record)
    await rename(part.folder, layout.snapshot(id).folder)
    await syncFolder(layout.snapshots)
  } catch (cause) {
    await rm(part.folder, { recursive: true, force: true })
    throw new SnapshotError('snapshot-failed', `no snapshot was kept: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
  }
  return record
}

/** Of takings and deletions that broke off. */
export async function removeLeftovers({ layout }: SnapshotOwner): Promise<void> {
  for (const name of await readdir(layout.snapshots).catch(() => [])) {
    if (/^\.(?:new|old)-|\.tmp$/.test(name)) await rm(join(layout.snapshots, name), { recursive: true, force: true })
  }
}
