// SPDX-License-Identifier: Apache-2.0
//
// What a process and all that it started have used. Source: proc_pid_stat(5), proc_tid_children(5).
import { readdir, readFile } from 'node:fs/promises'
import { processStat } from '../process-stat.ts'

export interface TreeUsage {
  /** Of processor time, by those that are there and those that have ended. */
  readonly processorSeconds: number
  /** In memory now; what several share counts for each. */
  readonly residentBytes: number
}

/** USER_HZ and the size of a page, as Linux has them on the processors that engines run on. */
const ticksPerSecond = 100
const pageBytes = 4096

/** Nothing of a process that is gone. */
export async function usageOfTree(pid: number): Promise<TreeUsage> {
  const own = await usageOf(pid)
  if (own === null) return { processorSeconds: 0, residentBytes: 0 }
  const parts = [own, ...(await Promise.all((await childrenOf(pid)).map(usageOfTree)))]
  return {
    processorSeconds: parts.reduce((sum, { processorSeconds }) => sum + processorSeconds, 0),
    residentBytes: parts.reduce((sum, { residentBytes }) => sum + residentBytes, 0),
  }
}

async function usageOf(pid: number): Promise<TreeUsage | null> {
  const stat = await processStat(pid)
  if (stat === null) return null
  const field = (number: number) => Number(stat(number))
  const ticks = field(14) + field(15) + field(16) + field(17)
  return { processorSeconds: ticks / ticksPerSecond, residentBytes: field(24) * pageBytes }
}

async function childrenOf(pid: number): Promise<number[]> {
  const tasks = await readdir(`/proc/${pid}/task`).catch(() => [])
  const lists = await Promise.all(tasks.map((task) => readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '')))
  return lists.flatMap((list) =>
    list
      .split(' ')
      .filter((word) => word !== '')
      .map(Number),
  )
}
