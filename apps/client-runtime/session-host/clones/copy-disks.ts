// SPDX-License-Identifier: Apache-2.0
//
// The disks of an instance that is not open, and what its firmware remembers, encrypted anew under another instance's key. They appear together, by
// one rename, or not at all; of the original nothing is changed. Memory, snapshots, customization, password and TPM stay where they are.
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { cloneOverlay as cloneXts } from '@casemate/engine/overlay-clone'
import { cloneOverlay as cloneLuks } from '@casemate/engine/qemu-overlay-clone'
import type { LaunchPlan } from '@casemate/policy/launch-plan'
import type { Manifest } from '@casemate/vm-package/manifest'
import { syncFolder } from '../../daemon/update/write-whole.ts'
import type { Layout } from '../../layout.ts'
import { overwriteInstanceKey, uefiVariablesKey } from '../instance-keys.ts'
import { lockInstance } from '../instance-lock.ts'
import { isThere } from '../is-there.ts'
import { ownDisk } from '../own-disk.ts'
import type { SnapshotOwner } from '../snapshots/record.ts'
import { readHead } from '../snapshots/tree.ts'
import { CloneError } from './error.ts'
import { readFrozenDisks } from './frozen-disks.ts'

export interface CloneSource {
  readonly plan: Pick<LaunchPlan, 'instance' | 'package' | 'engine' | 'diskChanges'>
  readonly layout: Layout
  readonly instanceKey: Uint8Array
  readonly manifest: Pick<Manifest, 'disks'> & { readonly hardware: Pick<Manifest['hardware'], 'firmware' | 'tpm'> }
}

/** @throws CloneError `clone-unsupported`, `clone-not-now`, `clone-exists`; InstanceBusy while one of the two is open; EngineError of the disks */
export async function copyDisks(source: CloneSource, target: SnapshotOwner): Promise<void> {
  refuseUnclonable(source)
  const owner = { ...source, layout: source.layout.instance(source.plan.instance) }
  const unlock = await lockInstance(owner.layout.lock)
  try {
    await refuseUnsettled(owner, source)
    const unlockTarget = await lockInstance(target.layout.lock)
    try {
      await refuseExisting(target)
      const part = target.layout.cloning()
      await rm(part.folder, { recursive: true, force: true })
      try {
        await mkdir(part.disks, { recursive: true, mode: 0o700 })
        await copyEach(owner, source, { ...target, layout: part })
        await syncFolder(part.disks)
        await rename(part.disks, target.layout.disks)
        await syncFolder(target.layout.folder)
      } finally {
        await rm(part.folder, { recursive: true, force: true })
      }
    } finally {
      await unlockTarget()
    }
  } finally {
    await unlock()
  }
}

async function copyEach(owner: SnapshotOwner, { manifest }: CloneSource, target: SnapshotOwner): Promise<void> {
  const { sha256 } = owner.plan.package
  const frozen = await readFrozenDisks(owner)
  try {
    for (const disk of manifest.disks) {
      const [from, to] = [ownDisk(owner, disk), ownDisk(target, disk)]
      if (owner.plan.engine === 'qemu') await cloneLuks(from, to)
      else await cloneXts(from, to, frozen?.disks.find(({ name }) => name === disk.name)?.own ?? null)
    }
  } finally {
    if (frozen !== null) overwriteInstanceKey(frozen.key)
  }
  if (manifest.hardware.firmware !== 'uefi') return
  const variables = ({ layout, instanceKey }: SnapshotOwner) => ({ file: layout.uefiVariables(sha256), key: uefiVariablesKey(instanceKey, sha256) })
  await cloneLuks(variables(owner), variables(target))
}

function refuseUnclonable({ plan, manifest }: CloneSource): void {
  if (manifest.hardware.tpm !== undefined) throw new CloneError('clone-unsupported', 'what a TPM holds is in no clone')
  if (plan.diskChanges !== 'kept') throw new CloneError('clone-unsupported', 'this desktop keeps no changes that a clone could hold')
}

/** Its disks must be of one moment, and of no machine that goes on. */
async function refuseUnsettled(owner: SnapshotOwner, { manifest }: CloneSource): Promise<void> {
  for (const disk of manifest.disks) {
    const { file } = ownDisk(owner, disk)
    if (!(await isThere(file))) throw new CloneError('clone-not-now', `\`${file}\` is missing: the instance was not started under this release`)
  }
  if ((await readdir(owner.layout.folder)).some((name) => name.endsWith('.state')))
    throw new CloneError('clone-not-now', 'the instance is suspended: its disks are those of a machine that goes on')
  if ((await readHead(owner)).pending) throw new CloneError('clone-not-now', 'the instance is about to go back to a snapshot')
}

/** @throws CloneError `clone-exists` where the instance has disks, or what they lie over */
export async function refuseExisting({ layout, plan }: SnapshotOwner): Promise<void> {
  if ((await isThere(layout.disks)) || (await isThere(layout.cloneLink)))
    throw new CloneError('clone-exists', `\`${plan.instance}\` has disks already`)
}
