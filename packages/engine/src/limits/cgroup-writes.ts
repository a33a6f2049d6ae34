// SPDX-License-Identifier: Apache-2.0
//
// What is written into which file of a cgroup, as data. In version 2 a VM's cgroup is a threaded one: our own may then have children with quotas although
// we are in it, and nothing of ours has to move. Source: Linux Documentation/admin-guide/cgroup-v2.rst, scheduler/sched-bwc.rst.
import { join } from 'node:path'
import type { CgroupPlace } from './places.ts'

export interface CgroupWrite {
  readonly file: string
  readonly text: string
}

const periodMicroseconds = 100_000

/** In this order, once `folder` was made in our own cgroup; after them it takes processes. */
export function setUpWrites({ version, folder: own }: CgroupPlace, folder: string): readonly CgroupWrite[] {
  if (version === 1) return []
  return [
    { file: join(own, 'cgroup.subtree_control'), text: '+cpu' },
    { file: join(folder, 'cgroup.type'), text: 'threaded' },
  ]
}

/** @param percent of one processor; null is no limit */
export function quotaWrites(version: CgroupPlace['version'], folder: string, percent: number | null): readonly CgroupWrite[] {
  const microseconds = percent === null ? null : (percent * periodMicroseconds) / 100
  if (version === 2) return [{ file: join(folder, 'cpu.max'), text: `${microseconds ?? 'max'} ${periodMicroseconds}` }]
  return [
    { file: join(folder, 'cpu.cfs_period_us'), text: String(periodMicroseconds) },
    { file: join(folder, 'cpu.cfs_quota_us'), text: String(microseconds ?? -1) },
  ]
}

/** `command`, in `folder` from its first instruction on, with an empty environment. */
export function commandIn(folder: string, command: readonly string[]): readonly string[] {
  return ['/bin/sh', '-c', 'echo $$ >"$0" && exec /usr/bin/env -i "$@"', join(folder, 'cgroup.procs'), ...command]
}
