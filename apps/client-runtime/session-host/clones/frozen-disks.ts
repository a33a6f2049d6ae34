// SPDX-License-Identifier: Apache-2.0
//
// What the disks of a linked clone lie over: disks of a base, frozen, under a key of the base alone. The clone keeps that key, sealed under its own.
import { EngineError } from '@casemate/engine/error'
import type { StateFile } from '@casemate/engine/virtual-machine'
import { sha256Text } from '@casemate/policy/names'
import { diskName } from '@casemate/vm-package/manifest'
import { z } from 'zod'
import { cloneBaseKey, cloneLinkKey } from '../instance-keys.ts'
import { isThere } from '../is-there.ts'
import { type OwnDisk, ownDisk } from '../own-disk.ts'
import type { SnapshotOwner } from '../snapshots/record.ts'
import { readSealed } from '../snapshots/sealed-json.ts'

const baseId = z.string().regex(/^[0-9a-f]{16}$/)

export const cloneLink = z.strictObject({
  format: z.literal('casemate-clone-link-1'),
  base: baseId,
  /** Of the base: 32 bytes in hexadecimal digits. */
  key: z.string().regex(/^[0-9a-f]{64}$/),
})
export type CloneLink = z.infer<typeof cloneLink>

export const cloneBase = z.strictObject({
  format: z.literal('casemate-clone-base-1'),
  /** Release that its system disk is over. */
  package: sha256Text,
  disks: z
    .array(z.strictObject({ name: diskName, role: z.enum(['system', 'user']), size: z.int().min(1) }))
    .min(1)
    .max(4),
})
export type CloneBase = z.infer<typeof cloneBase>

export interface FrozenDisks {
  readonly disks: readonly { readonly name: string; readonly role: 'system' | 'user'; readonly own: OwnDisk }[]
  /** The caller's, who overwrites it. */
  readonly key: Uint8Array
}

/**
 * Null where the instance is no linked clone. Under another release than the base's, the system disk is that release's own.
 * @throws EngineError `overlay-altered` where the link, its base or a disk of that is altered or missing: the package alone would be another disk
 */
export async function readFrozenDisks({ plan, layout, instanceKey }: SnapshotOwner): Promise<FrozenDisks | null> {
  if (!(await isThere(layout.cloneLink))) return null
  try {
    const link = await readSealed(linkFile({ plan, layout, instanceKey }), cloneLink)
    const key = new Uint8Array(Buffer.from(link.key, 'hex'))
    const base = await readSealed(baseFile(layout, link.base, key), cloneBase)
    const owner = baseOwner(layout, link.base, key, { ...plan.package, sha256: base.package })
    const seen = base.disks.filter(({ role }) => role === 'user' || base.package === plan.package.sha256)
    const disks = seen.map(({ name, role }) => ({ name, role, own: ownDisk(owner, { name, role }) }))
    for (const { own } of disks) if (!(await isThere(own.file))) throw new Error(`\`${own.file}\` is missing`)
    return { disks, key }
  } catch (cause) {
    throw new EngineError('overlay-altered', 'what the disks of this linked clone lie over is altered or missing', cause)
  }
}

export function linkFile({ plan, layout, instanceKey }: SnapshotOwner): StateFile {
  return { path: layout.cloneLink, key: cloneLinkKey(instanceKey), binding: `${plan.instance}|clone-link` }
}

export function baseFile(layout: Pick<SnapshotOwner['layout'], 'cloneBase'>, id: string, key: Uint8Array): StateFile {
  return { path: layout.cloneBase(id).record, key: cloneBaseKey(key), binding: `${id}|clone-base` }
}

/** As whose its disks open. v86 alone has such layers. */
export function baseOwner(
  layout: Pick<SnapshotOwner['layout'], 'cloneBase'>,
  id: string,
  key: Uint8Array,
  release: SnapshotOwner['plan']['package'],
): SnapshotOwner {
  return { plan: { instance: `clone-base|${id}`, package: release, engine: 'v86' }, layout: layout.cloneBase(id).files, instanceKey: key }
}
