// SPDX-License-Identifier: Apache-2.0
//
// The first root file system: busybox, the drivers of the disk, and one script. Everything else waits on the disk.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type CpioEntry, writeCpio } from './cpio-archive.ts'
import { GUEST_FOLDER } from './guest-folder.ts'
import type { KernelModule, ModuleTree } from './kernel-modules.ts'

const DISK_MODULES = ['sd_mod', 'ata_piix', 'crc32c_generic', 'ext4']
const VIRTIO_DISK_MODULES = ['virtio_pci', 'virtio_blk']
const APPLETS = ['sh', 'mount', 'insmod', 'findfs', 'grep', 'usleep', 'switch_root', 'echo']

const listOf = (modules: readonly KernelModule[]) => Buffer.from(modules.map((module) => `${module.name}\n`).join(''), 'utf8')

/** @param busybox the static program from `busybox-static` */
export async function buildInitrd(busybox: Uint8Array, modules: ModuleTree): Promise<Buffer> {
  const disk = await modules.inLoadingOrder(DISK_MODULES)
  const virtio = (await modules.inLoadingOrder(VIRTIO_DISK_MODULES)).filter((module) => !disk.some((loaded) => loaded.name === module.name))
  const folders = ['bin', 'dev', 'modules', 'proc', 'root', 'sys']
  const entries: CpioEntry[] = [
    ...folders.map((path) => ({ kind: 'folder', path }) as const),
    { kind: 'file', path: 'init', mode: 0o755, content: await readFile(join(GUEST_FOLDER, 'initrd/init')) },
    { kind: 'file', path: 'bin/busybox', mode: 0o755, content: busybox },
    ...APPLETS.map((applet) => ({ kind: 'link', path: `bin/${applet}`, target: 'busybox' }) as const),
    { kind: 'file', path: 'modules/order', mode: 0o644, content: listOf(disk) },
    { kind: 'file', path: 'modules/order-virtio', mode: 0o644, content: listOf(virtio) },
    ...[...disk, ...virtio].map(({ name, content }) => ({ kind: 'file', path: `modules/${name}.ko`, mode: 0o644, content }) as const),
  ]
  return writeCpio(entries)
}
