// SPDX-License-Identifier: Apache-2.0
import { readdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { InstanceLayout } from '../layout.ts'

/**
 * Removes the system disks that the instance wrote under other releases. Called once a session of `packageSha256` has ended in good
 * order: a release that came up far enough to be suspended or to switch itself off has booted, and what it replaced is not needed any more.
 */
export async function forgetOldReleases(
  instance: InstanceLayout,
  disks: readonly string[],
  packageSha256: string,
  engine: 'qemu' | 'v86',
): Promise<void> {
  const current = new Set(disks.map((disk) => basename(instance.systemDisk(disk, packageSha256, engine))))
  for (const name of await readdir(instance.disks)) {
    if (/^system-[a-z0-9-]+-[0-9a-f]{64}\.(?:qcow2|xts)$/.test(name) && !current.has(name)) await rm(join(instance.disks, name))
  }
}
