// SPDX-License-Identifier: Apache-2.0
//
// The cgroup of one VM, a child of our own. A process that is to be limited writes itself into it before it becomes the VM's.
import { accessSync, constants, writeFileSync } from 'node:fs'
import { mkdir, readdir, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type CgroupWrite, commandIn, quotaWrites, setUpWrites } from './cgroup-writes.ts'
import { isLeftover, newCgroupName } from './owner.ts'
import type { CgroupPlace } from './places.ts'

/** A killed process is out of its cgroup a moment after whoever started it has heard of its end. */
const removalMs = 3000

export class VmCgroup {
  readonly folder: string
  readonly #version: CgroupPlace['version']

  private constructor(version: CgroupPlace['version'], folder: string) {
    this.#version = version
    this.folder = folder
  }

  /** Without a limit yet. @throws the file system's error; nothing stays behind */
  static async make(place: CgroupPlace): Promise<VmCgroup> {
    await removeLeftovers(place)
    const folder = join(place.folder, await newCgroupName())
    await mkdir(folder)
    try {
      writeAll(setUpWrites(place, folder))
      writeAll(quotaWrites(place.version, folder, null))
      for (const from of [place.folder, folder]) accessSync(join(from, 'cgroup.procs'), constants.W_OK)
    } catch (error) {
      await rmdir(folder)
      throw error
    }
    return new VmCgroup(place.version, folder)
  }

  /** `command`, in here from its first instruction on, with an empty environment. */
  commandIn(command: readonly string[]): readonly string[] {
    return commandIn(this.folder, command)
  }

  /** Of one processor; null is no limit. In force when this returns. @throws the file system's error */
  setPercent(percent: number | null): void {
    writeAll(quotaWrites(this.#version, this.folder, percent))
  }

  /** Once its processes are gone. One that cannot be removed is a leftover for the next VM. */
  async remove(): Promise<void> {
    for (const end = performance.now() + removalMs; !(await removed(this.folder)) && performance.now() < end; await wait(20));
  }
}

/** Of makers that were killed. */
async function removeLeftovers({ folder }: CgroupPlace): Promise<void> {
  for (const name of await readdir(folder)) if (await isLeftover(name)) await removed(join(folder, name))
}

/** False while a process is in it, or where it is not ours. */
async function removed(folder: string): Promise<boolean> {
  return rmdir(folder).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
  )
}

function writeAll(writes: readonly CgroupWrite[]): void {
  // Never makes a file: what is not there is not offered by this kernel.
  for (const { file, text } of writes) writeFileSync(file, text, { flag: 'r+' })
}
