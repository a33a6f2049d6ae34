// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Our own cgroup, in a hierarchy that may limit computing time. */
export interface CgroupPlace {
  readonly version: 1 | 2
  readonly folder: string
}

/** Of this process, version 2 first. */
export async function ownPlaces(): Promise<readonly CgroupPlace[]> {
  // A kernel without cgroups has no such file.
  const [cgroups, mounts] = ['/proc/self/cgroup', '/proc/self/mountinfo'].map((path) => readFile(path, 'utf8').catch(() => ''))
  return placesIn((await cgroups) ?? '', (await mounts) ?? '')
}

/** @param cgroups as /proc/self/cgroup of cgroups(7), @param mounts as /proc/self/mountinfo of proc(5) */
export function placesIn(cgroups: string, mounts: string): readonly CgroupPlace[] {
  const own = cgroups.split('\n').map((line) => /^\d+:([^:]*):(\/.*)$/.exec(line))
  const pathWhere = (holds: (controllers: string) => boolean) => own.find((found) => found?.[1] !== undefined && holds(found[1]))?.[2]
  const mounted = mounts.split('\n').flatMap((line) => mountOf(line) ?? [])
  const places = [
    { version: 2 as const, path: pathWhere((controllers) => controllers === ''), mount: mounted.find(({ type }) => type === 'cgroup2') },
    {
      version: 1 as const,
      path: pathWhere((controllers) => controllers.split(',').includes('cpu')),
      mount: mounted.find(({ type, options }) => type === 'cgroup' && options.includes('cpu')),
    },
  ]
  return places.flatMap(({ version, path, mount }) => {
    if (path === undefined || mount === undefined) return []
    const folder = folderOf(path, mount)
    return folder === null ? [] : [{ version, folder }]
  })
}

interface Mount {
  readonly root: string
  readonly point: string
  readonly type: string
  readonly options: readonly string[]
}

function mountOf(line: string): Mount | null {
  const [before = '', after = ''] = line.split(' - ')
  const [, , , root, point] = before.split(' ')
  const [type, , options] = after.split(' ')
  if (root === undefined || point === undefined || type === undefined || options === undefined) return null
  return { root: unescaped(root), point: unescaped(point), type, options: options.split(',') }
}

/** Null where it is not in sight: outside of what is mounted here, or of this process's cgroup namespace. */
function folderOf(path: string, { root, point }: Mount): string | null {
  if (path.split('/').includes('..')) return null
  if (root === '/') return join(point, path)
  return path === root || path.startsWith(`${root}/`) ? join(point, path.slice(root.length)) : null
}

function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
}
