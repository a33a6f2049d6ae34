// SPDX-License-Identifier: Apache-2.0
//
// Which folders of the host a user may give to a guest at all, whatever the policies say (PO-15): none of the system's, none of the runtime's own,
// none with what programs hide in a home folder (keys, mail, passwords), and no folder that holds one of these.
import { lstat, realpath } from 'node:fs/promises'
import { homedir, userInfo } from 'node:os'
import { dirname, relative, sep } from 'node:path'
import type { Layout } from '../../layout.ts'
import { FolderError } from './error.ts'

const system = ['/bin', '/boot', '/dev', '/etc', '/lib', '/lib32', '/lib64', '/proc', '/run', '/sbin', '/sys', '/usr', '/var']
/** Where data of users lies below these. */
const exceptions = ['/run/media', '/var/tmp', '/var/home']

/** @returns `folder` as it is without links. @throws FolderError `folder-missing`, `folder-forbidden` */
export async function shareable(folder: string, layout: Pick<Layout, 'sealingKey' | 'runtimeFolder' | 'instances'>): Promise<string> {
  const real = await realpath(folder).catch((cause: unknown) => {
    throw new FolderError('folder-missing', `\`${folder}\` cannot be opened`, cause)
  })
  if (!(await lstat(real)).isDirectory()) throw new FolderError('folder-missing', `\`${folder}\` is no folder`)
  const own = await withoutLinks([dirname(layout.instances), dirname(layout.sealingKey), layout.runtimeFolder])
  const homes = await withoutLinks([homedir(), userInfo().homedir])
  const forbidden =
    [...own, ...homes].some((path) => isWithin(path, real)) ||
    own.some((path) => isWithin(real, path)) ||
    homes.some((home) => isWithin(real, home) && relative(home, real).split(sep)[0]?.startsWith('.')) ||
    (system.some((path) => isWithin(real, path)) && !exceptions.some((path) => isWithin(real, path) && real !== path))
  if (forbidden) throw new FolderError('folder-forbidden', `\`${real}\` holds files of the system, of this runtime or hidden ones: it is not shared`)
  return real
}

function withoutLinks(paths: readonly string[]): Promise<readonly string[]> {
  return Promise.all(paths.map((path) => realpath(path).catch(() => path)))
}

/** Whether `path` is `folder` or below it. */
function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path)
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`))
}
