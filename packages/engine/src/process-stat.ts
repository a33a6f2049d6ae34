// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises'

/** What proc_pid_stat(5) says of a process, by the number of its field, from 3 on; null where there is no such process. */
export async function processStat(pid: number | string): Promise<((field: number) => string | undefined) | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  if (stat === null) return null
  // Field 2, the name of the program, is in parentheses and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (field) => fields[field - 3]
}

/**
 * In clock ticks since the computer started: numbers of processes are used again. Null where there is no such process, and for one that
 * has ended and only waits for its parent (state Z or X), which holds nothing any more.
 */
export async function startOfProcess(pid: number | string): Promise<string | null> {
  const stat = await processStat(pid)
  return stat === null || /^[ZX]$/.test(stat(3) ?? '') ? null : (stat(22) ?? null)
}
