// SPDX-License-Identifier: Apache-2.0
//
// An instance's own writable disks over the package's, made on first use, under keys that open nothing else (instance-keys.ts).
// QEMU writes into LUKS overlays itself and reads the package over NBD; v86 reads and writes over NBD what this process keeps in
// AES-XTS overlays. A system disk's overlay belongs to one release; a user's disk is filled once and belongs to the instance.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { GrowthBudget } from '@casemate/engine/disk-growth'
import { createOverlay as createXtsOverlay, openOverlay, type XtsOverlay } from '@casemate/engine/overlay'
import { createFilledOverlay, createOverlay as createLuksOverlay } from '@casemate/engine/qemu-overlay'
import type { LaunchPlan } from '@casemate/policy/launch-plan'
import type { BlockDevice } from '@casemate/vm-package/block-device'
import type { ManifestDisk } from '@casemate/vm-package/manifest'
import { type NbdServer, serveNbd } from '@casemate/vm-package/nbd-server'
import type { PackageDisk } from '@casemate/vm-package/read'
import type { WarmState } from '@casemate/vm-package/warm-state'
import type { InstanceLayout } from '../layout.ts'
import { readFrozenDisks } from './clones/frozen-disks.ts'
import { overwriteInstanceKey } from './instance-keys.ts'
import { isThere } from './is-there.ts'
import { ownDisk } from './own-disk.ts'
import type { OpenedDisk } from './vm-spec.ts'
import { openingDisk } from './warm-state/opening-disk.ts'
import { warmDisk } from './warm-state/warm-disk.ts'
import type { WrittenBlocks } from './warm-state/written-blocks.ts'

export interface InstanceDisks {
  readonly byName: ReadonlyMap<string, OpenedDisk>
  /** Resolves once all are there, whole, which a warm start's come to be while its machine is made: before that no CPU may run. */
  readonly ready: Promise<void>
  /** What was written by now is in the files when it resolves, of a machine that stands still. */
  flush(): Promise<void>
  /** Of those that this process writes; null where the engine does. */
  readonly growth: GrowthBudget | null
  /** Waits for those still being made. */
  close(): Promise<void>
}

export interface DiskOwner {
  readonly plan: LaunchPlan
  readonly layout: InstanceLayout
  readonly instanceKey: Uint8Array
  readonly runtimeFolder: string
  /** A disk that could not answer a read; the engine has been told so too. */
  readonly onReadError: (fault: unknown) => void
  /** Notes what a v86 writes; null where nobody wants to know. */
  readonly written: WrittenBlocks | null
}

/** Whether none of these disks is there yet, nor what they would lie over, nor a state that goes on over them: the first start of the instance, or under a release where no disk carried over. */
export async function isFresh(owner: DiskOwner, disks: readonly ManifestDisk[]): Promise<boolean> {
  const files = [...disks.map((disk) => ownDisk(owner, disk).file), owner.layout.cloneLink, owner.layout.suspended(owner.plan.package.sha256)]
  return (await Promise.all(files.map(isThere))).every((there) => !there)
}

/**
 * @param warm for a fresh instance that goes on from it: its new disks hold what was written by then.
 * @throws EngineError `overlay-mismatch`, `overlay-altered` and what making an overlay throws; PackageError from filling one
 */
export async function openInstanceDisks(
  owner: DiskOwner,
  disks: readonly ManifestDisk[],
  packaged: ReadonlyMap<string, PackageDisk>,
  warm: WarmState | null,
): Promise<InstanceDisks> {
  await mkdir(owner.layout.disks, { recursive: true, mode: 0o700 })
  return owner.plan.engine === 'qemu' ? openForQemu(owner, disks, packaged) : openForV86(owner, disks, packaged, warm)
}

async function openForQemu(owner: DiskOwner, disks: readonly ManifestDisk[], packaged: ReadonlyMap<string, PackageDisk>): Promise<InstanceDisks> {
  const socket = join(owner.runtimeFolder, 'disks.sock')
  const server: NbdServer = await serveNbd({ socketPath: socket, exports: packaged, onReadError: (_name, fault) => owner.onReadError(fault) })
  const byName = new Map<string, OpenedDisk>()
  for (const disk of disks) {
    const { file, key } = ownDisk(owner, disk)
    const base = { socket, name: disk.name }
    if (!(await isThere(file))) {
      if (disk.role === 'user') await createFilledOverlay({ file, key, sizeBytes: disk.size }, base)
      else await createLuksOverlay({ file, key, sizeBytes: disk.size })
    }
    byName.set(disk.name, { sizeBytes: disk.size, storage: { kind: 'luks-overlay', base: disk.role === 'user' ? null : base, file, key } })
  }
  // QEMU has flushed them itself before it stands still.
  return { byName, ready: Promise.resolve(), flush: async () => undefined, growth: null, close: () => server.close() }
}

async function openForV86(
  owner: DiskOwner,
  disks: readonly ManifestDisk[],
  packaged: ReadonlyMap<string, PackageDisk>,
  warm: WarmState | null,
): Promise<InstanceDisks> {
  const socket = join(owner.runtimeFolder, 'disks.sock')
  const devices = new Map<string, BlockDevice>()
  const openings: Promise<XtsOverlay>[] = []
  const frozen: XtsOverlay[] = []
  const growth = new GrowthBudget()
  const close = async () => {
    for (const opening of await Promise.allSettled(openings)) if (opening.status === 'fulfilled') await opening.value.close()
    for (const layer of frozen) await layer.close()
  }
  try {
    const below = await openFrozen(owner, packaged, frozen)
    for (const disk of disks) {
      const source = packaged.get(disk.name)
      if (source === undefined) throw new Error(`disk \`${disk.name}\` is not in the package`)
      const content = warm === null ? null : warmDisk(warm, disk.name, disk.size, source)
      const opening = openOwn(owner, disk, source, below.get(disk.name) ?? null, warm, growth)
      // Whoever awaits it hears of a failure; until then it is no unhandled one.
      opening.catch(() => undefined)
      openings.push(opening)
      devices.set(disk.name, content === null ? await opening : openingDisk(content, opening))
    }
    const exports = new Map([...devices].map(([name, device]) => [name, owner.written?.watch(name, device) ?? device]))
    const server = await serveNbd({ socketPath: socket, exports, onReadError: (_name, fault) => owner.onReadError(fault) })
    const byName = new Map<string, OpenedDisk>()
    for (const [name, device] of devices) byName.set(name, { sizeBytes: device.size, storage: { kind: 'writable-nbd', nbd: { socket, name } } })
    const ready = Promise.all(openings).then(() => undefined)
    ready.catch(() => undefined)
    const flush = async () => {
      for (const opening of openings) await (await opening).flush()
    }
    return { byName, ready, flush, growth, close: () => server.close().then(close) }
  } catch (fault) {
    await close()
    throw fault
  }
}

/** What a linked clone's disks lie over, over the package; put into `opened` for whoever closes them. */
async function openFrozen(
  owner: DiskOwner,
  packaged: ReadonlyMap<string, PackageDisk>,
  opened: XtsOverlay[],
): Promise<ReadonlyMap<string, XtsOverlay>> {
  const frozen = await readFrozenDisks(owner)
  const byName = new Map<string, XtsOverlay>()
  if (frozen === null) return byName
  try {
    for (const { name, role, own } of frozen.disks) {
      const layer = await openOverlay({ ...own, base: role === 'user' ? null : (packaged.get(name) ?? null), readOnly: true })
      opened.push(layer)
      byName.set(name, layer)
    }
  } finally {
    overwriteInstanceKey(frozen.key)
  }
  return byName
}

/**
 * Makes it where it is not there yet: a system disk empty over `source`, a user's as a copy of it, both with what the warm state wrote; a linked
 * clone's empty over what is frozen.
 */
async function openOwn(
  owner: DiskOwner,
  disk: ManifestDisk,
  source: PackageDisk,
  frozen: XtsOverlay | null,
  warm: WarmState | null,
  growth: GrowthBudget,
): Promise<XtsOverlay> {
  const own = ownDisk(owner, disk)
  if (!(await isThere(own.file))) {
    const below = disk.role === 'user' && frozen === null ? source : null
    const fillFrom = warm === null ? below : warmDisk(warm, disk.name, disk.size, below)
    await createXtsOverlay({ ...own, size: disk.size, ...(fillFrom === null ? {} : { fillFrom }) })
  }
  return openOverlay({ ...own, base: frozen ?? (disk.role === 'user' ? null : source), growth })
}
