// SPDX-License-Identifier: Apache-2.0
//
// Lays out the files of the guest's root file system in a folder of the host. Owner and rights are set on the image
// afterwards, since an ordinary user can neither make files of root nor keep rights through every checkout.
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { emptyNonce, firstRelease } from './demo-record.ts'
import { GUEST_FOLDER } from './guest-folder.ts'
import type { KernelModule, ModuleTree } from './kernel-modules.ts'

interface ModuleList {
  readonly name: string
  readonly modules: readonly { readonly name: string; readonly parameters?: string }[]
}

// `imps`: the probe of every mouse protocol ever sold takes over a second in an emulator.
const MODULE_LISTS: readonly ModuleList[] = [
  { name: 'pointer', modules: [{ name: 'psmouse', parameters: 'proto=imps' }] },
  { name: 'power-button', modules: [{ name: 'evdev' }, { name: 'button' }] },
  { name: 'medium', modules: [{ name: 'sr_mod' }, { name: 'isofs' }] },
  { name: 'e1000', modules: [{ name: 'e1000' }] },
  { name: '8139cp', modules: [{ name: '8139cp' }] },
  { name: 'ne2k-pci', modules: [{ name: 'ne2k-pci' }] },
  { name: 'virtio', modules: [{ name: 'virtio_pci' }, { name: 'virtio_net' }] },
]

const FOLDERS = ['bin', 'dev', 'etc/casemate', 'home', 'lib/modules', 'media', 'proc', 'root', 'run', 'sys', 'tmp', 'usr', 'var']

async function readApplets(): Promise<readonly string[]> {
  const list = await readFile(join(GUEST_FOLDER, 'applets.txt'), 'utf8')
  return list.split('\n').filter((name) => name !== '')
}

async function writeModules(folder: string, tree: ModuleTree): Promise<void> {
  for (const list of MODULE_LISTS) {
    const ordered: readonly KernelModule[] = await tree.inLoadingOrder(list.modules.map((module) => module.name))
    const lines = ordered.map(({ name }) => `${name} ${list.modules.find((module) => module.name === name)?.parameters ?? ''}`.trimEnd())
    await writeFile(join(folder, `order-${list.name}`), `${lines.join('\n')}\n`)
    for (const { name, content } of ordered) await writeFile(join(folder, `${name}.ko`), content)
  }
}

export interface RootParts {
  readonly busybox: Uint8Array
  readonly modules: ModuleTree
}

/** Fills the empty `folder`. */
export async function writeRootFiles(folder: string, { busybox, modules }: RootParts): Promise<void> {
  for (const path of FOLDERS) await mkdir(join(folder, path), { recursive: true })
  await symlink('bin', join(folder, 'sbin'))
  await writeFile(join(folder, 'bin/busybox'), busybox)
  for (const applet of await readApplets()) await symlink('busybox', join(folder, 'bin', applet))
  await symlink('busybox', join(folder, 'bin/init'))
  await cp(join(GUEST_FOLDER, 'root'), folder, { recursive: true })
  await writeFile(join(folder, 'etc/casemate/nonce'), emptyNonce)
  await writeFile(join(folder, 'etc/casemate/release'), firstRelease)
  await writeModules(join(folder, 'lib/modules'), modules)
}

/** Fills the empty `folder` with what a new user finds at home. */
export async function writeHomeFiles(folder: string): Promise<void> {
  await cp(join(GUEST_FOLDER, 'home'), join(folder, 'user'), { recursive: true })
}
