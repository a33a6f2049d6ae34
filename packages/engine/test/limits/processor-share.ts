// SPDX-License-Identifier: Apache-2.0
import { setTimeout as wait } from 'node:timers/promises'
import { usageOfTree } from '../../src/stats/process-tree.ts'

/** How much of one processor the process and what it started get, over `ms`. */
export async function processorShare(pid: number, ms = 2000): Promise<number> {
  const [since, { processorSeconds: before }] = [performance.now(), await usageOfTree(pid)]
  await wait(ms)
  const { processorSeconds: after } = await usageOfTree(pid)
  return (after - before) / ((performance.now() - since) / 1000)
}
