// SPDX-License-Identifier: Apache-2.0
import type { ManifestDisk } from '@casemate/vm-package/manifest'
import { systemDiskKey, userDiskKey } from './instance-keys.ts'
import type { SnapshotOwner } from './snapshots/record.ts'

export interface OwnDisk {
  readonly file: string
  readonly key: Uint8Array
  readonly binding: string
}

/** Where it is, and what opens it. */
export function ownDisk(owner: SnapshotOwner, disk: Pick<ManifestDisk, 'name' | 'role'>): OwnDisk {
  const { plan, layout, instanceKey } = owner
  if (disk.role === 'user') {
    return { file: layout.userDisk(disk.name, plan.engine), key: userDiskKey(instanceKey, disk.name), binding: `user|${plan.instance}|${disk.name}` }
  }
  return {
    file: layout.systemDisk(disk.name, plan.package.sha256, plan.engine),
    key: systemDiskKey(instanceKey, plan.package.sha256, disk.name),
    binding: `system|${plan.instance}|${disk.name}|${plan.package.sha256}`,
  }
}
