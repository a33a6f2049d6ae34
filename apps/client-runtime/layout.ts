// SPDX-License-Identifier: Apache-2.0
//
// Every file the client runtime keeps on disk, named here and nowhere else.
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Layout {
  readonly objectCache: string
  readonly engineCache: string
  manifest(sha256: string): string
  readonly instances: string
  instance(id: string): InstanceLayout
  /** Sockets of one session: a short path outside `data`, since a unix socket path has at most 107 bytes. */
  runtime(session: string): string
}

export interface InstanceLayout {
  readonly folder: string
  readonly disks: string
  /** Held by the one session host that has the instance open. */
  readonly lock: string
  /** Overlay of the system disk: one a release. */
  systemDisk(disk: string, packageSha256: string, engine: 'qemu' | 'v86'): string
  /** Disk of the user's own: outlives releases. */
  userDisk(disk: string, engine: 'qemu' | 'v86'): string
  /** Memory of a suspended VM: one a release. */
  suspended(packageSha256: string): string
}

const ENDING = { qemu: 'qcow2', v86: 'xts' } as const

/** @param data the runtime's data folder, absolute */
export function layoutOf(data: string): Layout {
  const place = createHash('sha256').update(data).digest('hex').slice(0, 8)
  const instances = join(data, 'instances')
  return {
    objectCache: join(data, 'cache', 'objects'),
    engineCache: join(data, 'cache', 'engine'),
    manifest: (sha256) => join(data, 'packages', sha256, 'manifest.json'),
    instances,
    instance: (id) => {
      const folder = join(instances, id)
      const disks = join(folder, 'disks')
      return {
        folder,
        disks,
        lock: join(folder, 'lock'),
        systemDisk: (disk, sha256, engine) => join(disks, `system-${disk}-${sha256}.${ENDING[engine]}`),
        userDisk: (disk, engine) => join(disks, `user-${disk}.${ENDING[engine]}`),
        suspended: (sha256) => join(folder, `suspended-${sha256}.state`),
      }
    },
    runtime: (session) => join(process.env.XDG_RUNTIME_DIR ?? tmpdir(), `casemate-${place}`, session),
  }
}
