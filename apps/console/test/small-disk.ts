// SPDX-License-Identifier: Apache-2.0
//
// A file system of a test's own that can be full and can grow.
import { execFileSync } from 'node:child_process'
import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

export interface SmallDisk {
  readonly grow: (megabytes: number) => void
  /** Takes all the room there is but `free` bytes, in whole pages. */
  readonly fill: (free?: number) => Promise<void>
  readonly setWritable: (writable: boolean) => void
  /** Gives back what `fill` took. */
  readonly empty: () => Promise<void>
}

const page = 4096

/** @param place made here, and gone when the test is over: finishers run the last one first, so ask for it after the folder it lies in. */
export async function smallDisk(place: string, megabytes: number): Promise<SmallDisk> {
  await mkdir(place)
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0700`, 'casemate-test', place])
  onTestFinished(() => void execFileSync('umount', [place]))
  const filler = join(place, 'filler')
  const fill = async (free = 0) => {
    const file = await open(filler, 'a')
    try {
      for (const bytes of [1_048_576, page]) while (await wrote(file.write(Buffer.alloc(bytes)), bytes));
      await file.truncate(Math.max(0, (await file.stat()).size - free))
    } finally {
      await file.close()
    }
  }
  return {
    grow: (to) => execFileSync('mount', ['-o', `remount,size=${to}m`, place]),
    fill,
    setWritable: (writable) => execFileSync('mount', ['-o', `remount,${writable ? 'rw' : 'ro'}`, place]),
    empty: () => rm(filler, { force: true }),
  }
}

/** Whether there was room for all of it. */
async function wrote(writing: Promise<{ readonly bytesWritten: number }>, bytes: number): Promise<boolean> {
  try {
    return (await writing).bytesWritten === bytes
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return false
    throw error
  }
}
