// SPDX-License-Identifier: Apache-2.0
//
// Which programs and files of the host the build uses, and the Debian package each comes from. Looked for before any
// work starts, so that one message names all that is missing.
import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { DemoGuestError } from './error.ts'

const NEEDED = [
  { name: 'apt-get', debianPackage: 'apt' },
  { name: 'apt-cache', debianPackage: 'apt' },
  { name: 'cp', debianPackage: 'coreutils' },
  { name: 'dpkg-deb', debianPackage: 'dpkg' },
  { name: 'mke2fs', debianPackage: 'e2fsprogs' },
  { name: 'debugfs', debianPackage: 'e2fsprogs' },
  { name: 'mformat', debianPackage: 'mtools' },
  { name: 'mcopy', debianPackage: 'mtools' },
  { name: 'syslinux', debianPackage: 'syslinux' },
  { name: 'mbr.bin', debianPackage: 'syslinux-common' },
  { name: 'debian-archive-keyring.gpg', debianPackage: 'debian-archive-keyring' },
] as const

export type HostToolName = (typeof NEEDED)[number]['name']
export type HostTools = Readonly<Record<HostToolName, string>>

// mke2fs and debugfs live in sbin folders, which an ordinary user's PATH leaves out.
const FOLDERS = [
  ...(process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== ''),
  '/usr/sbin',
  '/sbin',
  '/usr/lib/syslinux/mbr',
  '/usr/share/keyrings',
]

async function find(name: string, folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) {
    const path = join(folder, name)
    const readable = await access(path, constants.R_OK).then(
      () => true,
      () => false,
    )
    if (readable) return path
  }
  return undefined
}

/**
 * The path of every needed program and file.
 * @throws DemoGuestError `tool-missing` that names all missing ones and the command that installs them.
 */
export async function findHostTools(folders: readonly string[] = FOLDERS): Promise<HostTools> {
  const entries = await Promise.all(NEEDED.map(async (tool) => ({ ...tool, path: await find(tool.name, folders) })))
  const missing = entries.filter((entry) => entry.path === undefined)
  if (missing.length > 0) {
    const packages = [...new Set(missing.map((entry) => entry.debianPackage))].sort()
    throw new DemoGuestError(
      'tool-missing',
      `missing ${missing.map((entry) => `\`${entry.name}\``).join(', ')}; install with: apt-get install ${packages.join(' ')}`,
    )
  }
  const path = (name: HostToolName) => entries.find((entry) => entry.name === name)?.path ?? name
  return {
    'apt-get': path('apt-get'),
    'apt-cache': path('apt-cache'),
    cp: path('cp'),
    'dpkg-deb': path('dpkg-deb'),
    mke2fs: path('mke2fs'),
    debugfs: path('debugfs'),
    mformat: path('mformat'),
    mcopy: path('mcopy'),
    syslinux: path('syslinux'),
    'mbr.bin': path('mbr.bin'),
    'debian-archive-keyring.gpg': path('debian-archive-keyring.gpg'),
  }
}
