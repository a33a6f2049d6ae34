// SPDX-License-Identifier: Apache-2.0
//
// What a QEMU and its TPM have used. Source: QEMU QMP reference, query-blockstats.
import { z } from 'zod'
import { EngineError } from '../error.ts'
import { usageOfTree } from '../stats/process-tree.ts'
import type { DiskStats, VmStats } from '../stats/vm-stats.ts'
import type { VmSpec } from '../virtual-machine.ts'
import { diskNode } from './block-graph.ts'
import type { QemuDevices } from './device-control.ts'
import type { Launched } from './launch.ts'

const deadlineMs = 5000
const count = z.int().min(0)
const blockStats = z.array(
  z.looseObject({
    'node-name': z.string().optional(),
    stats: z.looseObject({ rd_bytes: count, rd_operations: count, wr_bytes: count, wr_operations: count }),
  }),
)

/** @throws EngineError `vm-exited`, `time-out` while QEMU is held up by a disk */
export async function statsOf({ qmp, contained, tpm }: Launched, { disks, devices }: VmSpec, control: QemuDevices): Promise<VmStats> {
  const found = await qmp.execute('query-blockstats', {}, blockStats, deadlineMs)
  const balloonMiB = devices?.balloon === true ? await control.memoryMiB() : null
  const pids = [contained.process.pid, tpm?.contained.process.pid].filter((pid) => pid !== undefined)
  const used = await Promise.all(pids.map(usageOfTree))
  return {
    processorSeconds: used.reduce((sum, { processorSeconds }) => sum + processorSeconds, 0),
    residentBytes: used.reduce((sum, { residentBytes }) => sum + residentBytes, 0),
    balloonMiB,
    disks: disks.map(({ name }, index) => diskStats(name, diskNode(index), found)),
  }
}

function diskStats(name: string, node: string, all: z.infer<typeof blockStats>): DiskStats {
  const stats = all.find((one) => one['node-name'] === node)?.stats
  if (stats === undefined) throw new EngineError('qmp-failed', `QEMU counts nothing of the node \`${node}\``)
  return { name, readBytes: stats.rd_bytes, readOperations: stats.rd_operations, writtenBytes: stats.wr_bytes, writeOperations: stats.wr_operations }
}
