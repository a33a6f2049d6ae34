// SPDX-License-Identifier: Apache-2.0
//
// How fast the disks of a VM may go: QEMU's own throttling, one group for all of them. It lies above the nodes, so a request that waits for its turn
// is no silent disk, and QEMU lets through what waits once it drains its disks to save, reset or stop.
// Source: QEMU QMP reference, block_set_io_throttle; docs/throttle.txt.
import { diskNode } from './block-graph.ts'
import type { Qmp } from './qmp.ts'
import { nothing } from './qmp-messages.ts'

const deadlineMs = 20_000
/** Zero is no limit to QEMU. */
const unlimited = { bps: 0, bps_rd: 0, bps_wr: 0, iops: 0, iops_rd: 0, iops_wr: 0 } as const

export async function limitDisks(qmp: Qmp, disks: number, kibPerSecond: number | null): Promise<void> {
  for (let index = 0; index < disks; index += 1) {
    const limits = { ...unlimited, bps: (kibPerSecond ?? 0) * 1024 }
    await qmp.execute('block_set_io_throttle', { id: `${diskNode(index)}-device`, group: 'disks', ...limits }, nothing, deadlineMs)
  }
}
