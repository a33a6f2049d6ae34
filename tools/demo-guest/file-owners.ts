// SPDX-License-Identifier: Apache-2.0
//
// Owner and rights that every file of a guest's file system shall have, whatever they are in the host's folder.
import { readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'

/** `mode` with the bits of the kind of file; `path` as seen in the image, root folder left out. */
export interface Owned {
  readonly path: string
  readonly mode: number
  readonly owner: number
}

const FOLDER = 0o040000
const FILE = 0o100000
const LINK = 0o120000
const PROGRAMS = ['/bin/', '/usr/local/', '/usr/share/udhcpc/']
const PRIVATE = ['/etc/shadow']

const rightsOf = (path: string) => {
  if (PRIVATE.includes(path)) return 0o600
  return PROGRAMS.some((folder) => path.startsWith(folder)) ? 0o755 : 0o644
}

/** Everything in `folder`, for user id `owner`. */
export async function ownedBy(folder: string, owner: number): Promise<readonly Owned[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .map((entry) => {
      const path = `/${relative(folder, join(entry.parentPath, entry.name))}`
      const mode = entry.isDirectory() ? FOLDER | 0o755 : entry.isSymbolicLink() ? LINK | 0o777 : FILE | rightsOf(path)
      return { path, mode, owner }
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1))
}
