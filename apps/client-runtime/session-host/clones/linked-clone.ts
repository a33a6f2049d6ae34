// SPDX-License-Identifier: Apache-2.0
//
// Linked clones: what an instance has written is frozen once, as a base under a key of its own, and any number of instances lie over it, each with
// overlays and keys of its own. The original goes on by itself. A base goes only once nobody lies over it any more.
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createOverlay } from '@casemate/engine/overlay'
import { syncFolder } from '../../daemon/update/write-whole.ts'
import type { Layout } from '../../layout.ts'
import { lockInstance } from '../instance-lock.ts'
import { isThere } from '../is-there.ts'
import { ownDisk } from '../own-disk.ts'
import type { SnapshotOwner } from '../snapshots/record.ts'
import { readSealed, writeSealed } from '../snapshots/sealed-json.ts'
import { type CloneSource, copyDisks, refuseExisting } from './copy-disks.ts'
import { CloneError } from './error.ts'
import { baseFile, baseOwner, type CloneBase, type CloneLink, cloneBase, linkFile } from './frozen-disks.ts'
import type { NewInstance } from './full-clone.ts'

export interface Base {
  readonly id: string
  /** 32 bytes: whoever has it reads what was frozen, and nothing else of the original. */
  readonly key: Uint8Array
}

/** @throws CloneError `clone-unsupported` of a QEMU instance, whose overlays lie over the package alone; else as `copyDisks` */
export async function freezeBase(source: CloneSource): Promise<Base> {
  if (source.plan.engine !== 'v86') throw new CloneError('clone-unsupported', 'linked clones are of v86 instances only')
  const [id, key] = [randomBytes(8).toString('hex'), new Uint8Array(randomBytes(32))]
  const { layout, manifest, plan } = source
  const { folder } = layout.cloneBase(id)
  try {
    await copyDisks(source, baseOwner(layout, id, key, plan.package))
    const disks = manifest.disks.map(({ name, role, size }) => ({ name, role, size }))
    // Without its record it is no base.
    await writeSealed(baseFile(layout, id, key), { format: 'casemate-clone-base-1', package: plan.package.sha256, disks } satisfies CloneBase)
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
  await syncFolder(dirname(folder))
  return { id, key }
}

/** @throws CloneError `clone-base-unknown`, `clone-base-altered`, `clone-exists`; InstanceBusy */
export async function makeLinkedClone(
  layout: Layout,
  base: Base,
  { instance, instanceKey }: NewInstance,
  release: SnapshotOwner['plan']['package'],
): Promise<void> {
  const owner: SnapshotOwner = { plan: { instance, package: release, engine: 'v86' }, layout: layout.instance(instance), instanceKey }
  await withBase(layout, base.id, async () => {
    const { disks, package: sha256 } = await readBase(layout, base)
    if (sha256 !== release.sha256) throw new CloneError('clone-unsupported', `base \`${base.id}\` is of another release`)
    const unlock = await lockInstance(owner.layout.lock)
    try {
      await refuseExisting(owner)
      const { users } = layout.cloneBase(base.id)
      await mkdir(users, { recursive: true, mode: 0o700 })
      // Before the link, so that there is none whose base does not know of it.
      await writeFile(join(users, instance), '')
      await syncFolder(users)
      await writeSealed(linkFile(owner), {
        format: 'casemate-clone-link-1',
        base: base.id,
        key: Buffer.from(base.key).toString('hex'),
      } satisfies CloneLink)
      await mkdir(owner.layout.disks, { mode: 0o700 })
      for (const disk of disks) await createOverlay({ ...ownDisk(owner, disk), size: disk.size })
    } finally {
      await unlock()
    }
  })
}

/** Once no instance lies over it. @throws CloneError `clone-base-unknown`, `clone-base-in-use` */
export async function deleteBase(layout: Layout, id: string): Promise<void> {
  await withBase(layout, id, async () => {
    const { folder, users } = layout.cloneBase(id)
    for (const instance of await readdir(users).catch(noneYet)) {
      if (await isThere(layout.instance(instance).cloneLink)) throw new CloneError('clone-base-in-use', `\`${instance}\` lies over base \`${id}\``)
    }
    const gone = join(dirname(folder), `.old-${id}`)
    await rename(folder, gone)
    await syncFolder(dirname(folder))
    await rm(gone, { recursive: true, force: true })
  })
}

async function withBase(layout: Layout, id: string, act: () => Promise<void>): Promise<void> {
  const { files, record } = layout.cloneBase(id)
  if (!(await isThere(record))) throw new CloneError('clone-base-unknown', `there is no base \`${id}\``)
  const unlock = await lockInstance(files.lock)
  try {
    await act()
  } finally {
    await unlock()
  }
}

async function readBase(layout: Layout, { id, key }: Base): Promise<CloneBase> {
  try {
    return await readSealed(baseFile(layout, id, key), cloneBase)
  } catch (cause) {
    throw new CloneError('clone-base-altered', `base \`${id}\` was altered, or has another key`, cause)
  }
}

function noneYet(error: NodeJS.ErrnoException): readonly string[] {
  if (error.code === 'ENOENT') return []
  throw error
}
