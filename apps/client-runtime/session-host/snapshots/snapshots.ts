// SPDX-License-Identifier: Apache-2.0
//
// What a running session does with the snapshots of its instance, under its plan as it is when it is asked.
import type { VirtualMachine } from '@casemate/engine/virtual-machine'
import type { LaunchPlan } from '@casemate/policy/launch-plan'
import type { Manifest } from '@casemate/vm-package/manifest'
import type { SnapshotList } from '../../local-api.ts'
import { ownDisk } from '../instance-disks.ts'
import { isThere } from '../is-there.ts'
import type { Watermarks } from '../watermarks.ts'
import { deleteSnapshot, renameSnapshot } from './change.ts'
import { SnapshotError } from './error.ts'
import { type SnapshotOwner, thumbnailFile } from './record.ts'
import { planRevert } from './revert.ts'
import { openSealed } from './sealed-json.ts'
import { takeSnapshot } from './take.ts'
import { thumbnailOf } from './thumbnail.ts'
import { readRecord, readTree } from './tree.ts'

type SnapshotPlan = Pick<LaunchPlan, 'snapshots' | 'screen'>

type Owner = SnapshotOwner & { readonly plan: LaunchPlan }
type Machine = Pick<Manifest, 'disks'> & { readonly hardware: Pick<Manifest['hardware'], 'firmware' | 'tpm'> }

export class Snapshots {
  readonly #owner: Owner
  readonly #manifest: Machine
  readonly #marks: Watermarks
  readonly #flush: () => Promise<void>

  /** @param flush brings what the machine has written into the files of its disks */
  constructor(owner: Owner, manifest: Machine, marks: Watermarks, flush: () => Promise<void>) {
    this.#owner = owner
    this.#manifest = manifest
    this.#marks = marks
    this.#flush = flush
  }

  async list({ snapshots: { take, revert } }: SnapshotPlan): Promise<SnapshotList> {
    const { snapshots, unreadable, current } = await readTree(this.#owner)
    const { sha256 } = this.#owner.plan.package
    const shown = snapshots.map(({ id, parent, name, takenAt, package: taken }) => ({ id, parent, name, takenAt, fits: taken === sha256 }))
    return { snapshots: shown, unreadable: [...unreadable], current, take, revert }
  }

  /** @throws SnapshotError `snapshot-refused`, `snapshot-unsupported`, `snapshots-full`, `snapshot-failed` */
  async take(plan: SnapshotPlan, vm: VirtualMachine, name: string, now: number): Promise<string> {
    allow(plan.snapshots.take, 'snapshots are not to be taken')
    const { plan: opened } = this.#owner
    if (this.#manifest.hardware.tpm !== undefined) throw new SnapshotError('snapshot-unsupported', 'what a TPM holds is in no snapshot')
    if (opened.diskChanges === 'discarded') throw new SnapshotError('snapshot-unsupported', 'what this desktop writes goes at power-off')
    const thumbnail = plan.screen.screenshots === 'allowed' ? await thumbnailOf(vm.displaySocket, this.#marks.ofThumbnail(plan)) : null
    const { id } = await takeSnapshot(this.#owner, { vm, files: this.#files(), flush: this.#flush, thumbnail }, name, now)
    return id
  }

  /** PNG, or null. @throws SnapshotError `snapshot-unknown`, `snapshot-altered` */
  async thumbnail(id: string): Promise<Uint8Array | null> {
    await readRecord(this.#owner, id)
    const file = thumbnailFile(this.#owner, id)
    if (!(await isThere(file.path))) return null
    return openSealed(file).catch((cause: unknown) => {
      throw new SnapshotError('snapshot-altered', `\`${file.path}\` was altered, or belongs elsewhere`, cause)
    })
  }

  /** From now on a launch brings it back. @throws SnapshotError `snapshot-refused` and what `planRevert` throws */
  async planRevert(plan: SnapshotPlan, id: string): Promise<void> {
    allow(plan.snapshots.revert, 'no snapshot is to be brought back')
    await planRevert(this.#owner, id)
  }

  /** @throws SnapshotError `snapshot-refused`, `snapshot-unknown`, `snapshot-altered` */
  async rename(plan: SnapshotPlan, id: string, name: string): Promise<void> {
    allow(plan.snapshots.take, 'snapshots are not to be changed')
    await renameSnapshot(this.#owner, id, name)
  }

  /** @throws SnapshotError `snapshot-refused`, `snapshot-unknown` */
  async delete(plan: SnapshotPlan, id: string): Promise<void> {
    allow(plan.snapshots.take, 'snapshots are not to be deleted')
    await deleteSnapshot(this.#owner, id)
  }

  #files(): readonly string[] {
    const { plan, layout } = this.#owner
    const { disks, hardware } = this.#manifest
    const variables = hardware.firmware === 'uefi' ? [layout.uefiVariables(plan.package.sha256)] : []
    return [...disks.map((disk) => ownDisk(this.#owner, disk).file), ...variables]
  }
}

function allow(allowed: boolean, what: string): void {
  if (!allowed) throw new SnapshotError('snapshot-refused', `by the policies of this desktop ${what}`)
}
