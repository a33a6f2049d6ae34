// SPDX-License-Identifier: Apache-2.0
import { processStat } from '../packages/engine/src/process-stat.ts'

/** Of Linux on every architecture that Node runs on (sysconf(3), _SC_CLK_TCK). */
export const ticksPerSecond = 100

/** In user and kernel mode (proc_pid_stat(5), fields 14 and 15); 0 for a process that is gone. */
export async function ticksOf(pid: number): Promise<number> {
  const field = await processStat(pid)
  return field === null ? 0 : Number(field(14)) + Number(field(15))
}
