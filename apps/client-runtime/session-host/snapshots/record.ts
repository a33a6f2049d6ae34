// SPDX-License-Identifier: Apache-2.0
//
// What is kept of one snapshot beside disks: a record, the memory, a picture of the screen. All three under a key of this snapshot alone,
// and each bound to what it is, so that none passes for another's.
import type { StateFile } from '@casemate/engine/virtual-machine'
import type { LaunchPlan } from '@casemate/policy/launch-plan'
import { sha256Text } from '@casemate/policy/names'
import { z } from 'zod'
import type { InstanceLayout } from '../../layout.ts'
import { snapshotId, snapshotName } from '../../local-api.ts'
import { snapshotHeadKey, snapshotKey } from '../instance-keys.ts'

export interface SnapshotOwner {
  readonly plan: Pick<LaunchPlan, 'instance' | 'package' | 'engine'>
  readonly layout: InstanceLayout
  readonly instanceKey: Uint8Array
}

export const snapshotRecord = z.strictObject({
  format: z.literal('casemate-snapshot-1'),
  id: snapshotId,
  parent: snapshotId.nullable(),
  /** In the order of taking. */
  number: z.int().min(1),
  name: snapshotName,
  /** Unix seconds on the verified clock. */
  takenAt: z.int().min(0),
  package: sha256Text,
  engine: z.enum(['qemu', 'v86']),
  /** Names of its files, the same as those of the instance. */
  disks: z
    .array(z.string().regex(/^(?:system-[a-z0-9.-]{1,32}-[0-9a-f]{64}|user-[a-z0-9-]{1,32})\.(?:qcow2|xts)$/))
    .min(1)
    .max(32),
})
export type SnapshotRecord = z.infer<typeof snapshotRecord>

/** The disks come from `snapshot`, or from none, unless one with a number above `number` was taken since. */
export const snapshotHead = z.strictObject({
  format: z.literal('casemate-snapshot-head-1'),
  snapshot: snapshotId.nullable(),
  number: z.int().min(0),
  /** The disks are to be brought back before anything else: nobody knows how far that has come. */
  pending: z.boolean(),
})
export type SnapshotHead = z.infer<typeof snapshotHead>

export function recordFile(owner: SnapshotOwner, id: string, path = owner.layout.snapshot(id).record): StateFile {
  return { path, key: snapshotKey(owner.instanceKey, id), binding: `${owner.plan.instance}|snapshot|${id}|record` }
}

export function thumbnailFile(owner: SnapshotOwner, id: string, path = owner.layout.snapshot(id).thumbnail): StateFile {
  return { path, key: snapshotKey(owner.instanceKey, id), binding: `${owner.plan.instance}|snapshot|${id}|thumbnail` }
}

export function memoryFile(owner: SnapshotOwner, id: string, path = owner.layout.snapshot(id).state): StateFile {
  const { instance, engine } = owner.plan
  const binding = `${instance}|${owner.plan.package.sha256}|${engine}|snapshot|${id}`
  return { path, key: snapshotKey(owner.instanceKey, id), binding }
}

export function headFile({ plan, layout, instanceKey }: SnapshotOwner): StateFile {
  return { path: layout.snapshotHead, key: snapshotHeadKey(instanceKey), binding: `${plan.instance}|snapshot-head` }
}
