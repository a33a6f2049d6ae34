// SPDX-License-Identifier: Apache-2.0
//
// What a running session does with the snapshots of its instance, under its plan as it is when it is asked.
import type { VirtualMachine } from '@casemate/engine/virtual-machine'
import type { LaunchPlan } from '@casemate/policy/launch-plan'
import type { Manifest } from '@casemate/vm-package/manifest'
import { ownDisk } from '../own-disk.ts'
import type { Watermarks } from '../watermarks.ts'
import { SnapshotError } from './error.ts'
import { allow, KeptSnapshots, type SnapshotPlan } from './kept-snapshots.ts'
import type { SnapshotOwner } from './record.ts'
import { takeSnapshot } from './take.ts'
import { thumbnailOf } from './thumbnail.ts'

type Owner = SnapshotOwner & { readonly plan: LaunchPlan }
type Machine = Pick<Manifest, 'disks'> & { readonly hardware: Pick<Manifest['hardware'], 'firmware' | 'tpm'> }

export class Snapshots extends KeptSnapshots<Owner> {
  readonly #manifest: Machine
  readonly #marks: Watermarks
  readonly #flush: () => Promise<void>

  /** @param flush brings what the machine has written into the files of its disks */
  constructor(owner: Owner, manifest: Machine, marks: Watermarks, flush: () => Promise<void>) {
    super(owner)
    this.#manifest = manifest
    this.#marks = marks
    this.#flush = flush
  }

  /** @throws SnapshotError `snapshot-refused`, `snapshot-unsupported`, `snapshots-full`, `snapshot-failed` */
  async take(plan: SnapshotPlan & Pick<LaunchPlan, 'screen'>, vm: VirtualMachine, name: string, now: number): Promise<string> {
    allow(plan.snapshots.take, 'snapshots are not to be taken')
    const { plan: opened } = this.owner
    if (this.#manifest.hardware.tpm !== undefined) throw new SnapshotError('snapshot-unsupported', 'what a TPM holds is in no snapshot')
    if (opened.diskChanges === 'discarded') throw new SnapshotError('snapshot-unsupported', 'what this desktop writes goes at power-off')
    const thumbnail = plan.screen.screenshots === 'allowed' ? await thumbnailOf(vm.displaySocket, this.#marks.ofThumbnail(plan)) : null
    const { id } = await takeSnapshot(this.owner, { vm, files: this.#files(), flush: this.#flush, thumbnail }, name, now)
    return id
  }

  #files(): readonly string[] {
    const { plan, layout } = this.owner
    const { disks, hardware } = this.#manifest
    const variables = hardware.firmware === 'uefi' ? [layout.uefiVariables(plan.package.sha256)] : []
    return [...disks.map((disk) => ownDisk(this.owner, disk).file), ...variables]
  }
}
