// SPDX-License-Identifier: Apache-2.0
//
// A package of two disks, each of which counts its starts and says how often that was, and instances of it that boot one of them.
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createQemuBackend } from '@casemate/engine/qemu'
import { createV86Backend } from '@casemate/engine/v86'
import type { EngineBackend } from '@casemate/engine/virtual-machine'
import { closedPlan, type LaunchPlan, launchPlan } from '@casemate/policy/launch-plan'
import type { Hardware } from '@casemate/vm-package/hardware'
import { type Manifest, openManifest } from '@casemate/vm-package/manifest'
import type { ObjectStore } from '@casemate/vm-package/object-store'
import { openPackageDisk, type PackageDisk } from '@casemate/vm-package/read'
import { sealPackage } from '@casemate/vm-package/seal'
import { openFolderStore } from '@casemate/vm-package/store'
import { countingDisk } from '../../../../packages/engine/test/boot-disk.ts'
import { type Layout, layoutOf } from '../../layout.ts'
import type { CloneSource } from '../../session-host/clones/copy-disks.ts'
import { openInstanceDisks } from '../../session-host/instance-disks.ts'
import type { OpenedDisk } from '../../session-host/vm-spec.ts'

type Engine = 'qemu' | 'v86'

export interface Cloneable extends CloneSource {
  readonly plan: LaunchPlan
  readonly manifest: Manifest
}

export class ClonedWorld {
  readonly layout: Layout
  readonly #folder: string
  readonly #store: ObjectStore
  readonly #packageKey: Uint8Array
  readonly #manifest: Manifest
  readonly #sha256: string
  readonly #backends: Readonly<Record<Engine, EngineBackend>>

  private constructor(folder: string, store: ObjectStore, packageKey: Uint8Array, manifest: Manifest, sha256: string) {
    this.layout = layoutOf(join(folder, 'data'))
    this.#folder = folder
    this.#store = store
    this.#packageKey = packageKey
    this.#manifest = manifest
    this.#sha256 = sha256
    this.#backends = { qemu: createQemuBackend({ cacheFolder: join(folder, 'cache') }), v86: createV86Backend() }
  }

  static async make(): Promise<ClonedWorld> {
    const folder = await mkdtemp(join(tmpdir(), 'cl-'))
    const store = await openFolderStore(join(folder, 'store'))
    const packageKey = randomBytes(32)
    for (const [name, lba] of [['system', 2048], ['user', 4096]] as const) await writeFile(join(folder, `${name}.img`), countingDisk(lba)) // biome-ignore format: a table
    const made = await sealPackage({
      name: 'accounting',
      version: '1',
      createdAt: '2026-01-31T12:00:00Z',
      hardware: { firmware: 'bios', chipset: 'i440fx', cpus: 1, memoryMiB: 16, video: 'std', network: null },
      disks: (['system', 'user'] as const).map((name) => ({ name, role: name, controller: 'ide', path: join(folder, `${name}.img`) })),
      orgKey: randomBytes(32),
      packageKey,
      store,
    })
    return new ClonedWorld(folder, store, packageKey, openManifest(made.manifest, made.sha256), made.sha256)
  }

  /** A private one, for sockets. */
  folder(): Promise<string> {
    return mkdtemp(join(this.#folder, 'r-'))
  }

  instance(name: string, engine: Engine, hardware: Partial<Hardware> = {}): Cloneable {
    const plan = launchPlan.parse({
      ...closedPlan,
      ...{ session: 's1', instance: name, desktop: 'demo', package: { name: 'accounting', version: '1', sha256: this.#sha256 }, engine },
      ...{ memoryMiB: 16, exit: 'user', diskChanges: 'kept' },
    })
    return {
      plan,
      layout: this.layout,
      instanceKey: randomBytes(32),
      manifest: { ...this.#manifest, hardware: { ...this.#manifest.hardware, ...hardware } },
    }
  }

  /** Starts a machine on one of its disks. @returns how often that disk was started, this time included */
  async starts({ plan, instanceKey }: Cloneable, disk: 'system' | 'user' = 'system'): Promise<number> {
    const { disks } = this.#manifest
    const runtimeFolder = await this.folder()
    const packaged = new Map<string, PackageDisk>()
    const sources = { packageKey: this.#packageKey, origin: this.#store, cache: null, onEvent: () => undefined }
    for (const one of disks) packaged.set(one.name, await openPackageDisk({ disk: one, ...sources }))
    try {
      const onReadError = (fault: unknown) => {
        throw fault
      }
      const owner = { plan, layout: this.layout.instance(plan.instance), instanceKey, runtimeFolder, onReadError, written: null }
      const opened = await openInstanceDisks(owner, disks, packaged, null)
      try {
        const own = opened.byName.get(disk)
        if (own === undefined) throw new Error('expected the disk')
        return await this.#boot(plan.engine, own, runtimeFolder)
      } finally {
        await opened.flush()
        await opened.close()
      }
    } finally {
      for (const one of packaged.values()) await one.close()
    }
  }

  async #boot(engine: Engine, own: OpenedDisk, folder: string): Promise<number> {
    const runtimeFolder = join(folder, 'vm')
    await mkdir(runtimeFolder)
    const machine = { name: 'clone', firmware: 'bios', chipset: 'i440fx', cpus: 1, memoryMiB: 16, video: 'std' } as const
    const disks = [{ name: 'system', controller: 'ide', ...own }] as const
    const vm = await this.#backends[engine].open({ ...machine, disks, serial: 'captured', network: 'none', runtimeFolder })
    const first = new Promise<number>((resolve) => vm.on('serial', (bytes) => resolve(bytes[0] ?? 0)))
    try {
      await vm.start()
      return await Promise.race([first, vm.exited.then(() => first)])
    } finally {
      await vm.stop()
      await vm.exited
    }
  }

  close(): Promise<void> {
    return rm(this.#folder, { recursive: true })
  }
}
