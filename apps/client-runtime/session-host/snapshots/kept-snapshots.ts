// SPDX-License-Identifier: Apache-2.0
//
// The snapshots of an instance, whether or not its machine runs, under a plan as it is when it is asked.
import type { LaunchPlan } from '@casemate/policy/launch-plan'
import type { SnapshotList } from '../../local-api.ts'
import { isThere } from '../is-there.ts'
import { deleteSnapshot, renameSnapshot } from './change.ts'
import { SnapshotError } from './error.ts'
import { type SnapshotOwner, thumbnailFile } from './record.ts'
import { planRevert } from './revert.ts'
import { openSealed } from './sealed-json.ts'
import { readRecord, readTree } from './tree.ts'

export type SnapshotPlan = Pick<LaunchPlan, 'snapshots'>

export class KeptSnapshots<Owner extends SnapshotOwner = SnapshotOwner> {
  protected readonly owner: Owner

  constructor(owner: Owner) {
    this.owner = owner
  }

  /** @throws SnapshotError `snapshot-altered` for the note of where the disks come from */
  async list({ snapshots: { take, revert } }: SnapshotPlan): Promise<SnapshotList> {
    const { snapshots, unreadable, current } = await readTree(this.owner)
    const { sha256 } = this.owner.plan.package
    const shown = snapshots.map(({ id, parent, name, takenAt, package: taken }) => ({ id, parent, name, takenAt, fits: taken === sha256 }))
    return { snapshots: shown, unreadable: [...unreadable], current, take, revert }
  }

  /** PNG, or null. @throws SnapshotError `snapshot-unknown`, `snapshot-altered` */
  async thumbnail(id: string): Promise<Uint8Array | null> {
    await readRecord(this.owner, id)
    const file = thumbnailFile(this.owner, id)
    if (!(await isThere(file.path))) return null
    return openSealed(file).catch((cause: unknown) => {
      throw new SnapshotError('snapshot-altered', `\`${file.path}\` was altered, or belongs elsewhere`, cause)
    })
  }

  /** From now on a launch brings it back. @throws SnapshotError `snapshot-refused` and what `planRevert` throws */
  async planRevert(plan: SnapshotPlan, id: string): Promise<void> {
    allow(plan.snapshots.revert, 'no snapshot is to be brought back')
    await planRevert(this.owner, id)
  }

  /** @throws SnapshotError `snapshot-refused`, `snapshot-unknown`, `snapshot-altered` */
  async rename(plan: SnapshotPlan, id: string, name: string): Promise<void> {
    allow(plan.snapshots.take, 'snapshots are not to be changed')
    await renameSnapshot(this.owner, id, name)
  }

  /** @throws SnapshotError `snapshot-refused`, `snapshot-unknown` */
  async delete(plan: SnapshotPlan, id: string): Promise<void> {
    allow(plan.snapshots.take, 'snapshots are not to be deleted')
    await deleteSnapshot(this.owner, id)
  }
}

export function allow(allowed: boolean, what: string): void {
  if (!allowed) throw new SnapshotError('snapshot-refused', `by the policies of this desktop ${what}`)
}
